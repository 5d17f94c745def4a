/* SPDX-License-Identifier: Apache-2.0 */
/* docs/arm-support.md: the model's tables and the language's functions, read out. */
#include "cli/support.h"

#include "formats/arm/arm.h"
#include "model/support.h"

#include <string.h>

static const char introduction[] =
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        "<!-- Generated: escarp --generate-support > docs/arm-support.md -->\n"
        "# What Escarp does with a template\n\n"
        "Generated from the tables that the program itself goes by. A property is\n\n"
        "- **enforced**: in the graph, and compiled into what judges packets;\n"
        "- **recorded**: in the graph and fully validated, its data plane is still to come; `escarp plan` lists it "
        "under\n"
        "  \"Recorded, not enforced yet\";\n"
        "- **not modelled**: listed by `escarp plan` under \"Not modelled\" wherever it asks for something;\n"
        "- of no matter to the network.\n\n"
        "A row speaks for everything below its path. A property or a type that is not here is listed as not "
        "modelled.\n";

/* Those of no matter in one paragraph; how many of the others there are is the result. */
static guint irrelevant_text(const struct node *properties, GString *out)
{
	guint rest = 0;
	const char *separator = "\nOf no matter: ";

	for (guint i = 0; i < node_length(properties); i++) {
		const struct node *p = node_item(properties, i);

		if (strcmp(node_get_str(p, "treatment", ""), "irrelevant") != 0) {
			rest++;
			continue;
		}
		g_string_append_printf(out, "%s`%s`", separator, node_get_str(p, "path", "?"));
		separator = ", ";
	}
	if (*separator == ',')
		g_string_append(out, ".\n");
	return rest;
}

static void rows_text(const struct node *properties, GString *out)
{
	g_string_append(out, "\n| property | | |\n| --- | --- | --- |\n");
	for (guint i = 0; i < node_length(properties); i++) {
		const struct node *p = node_item(properties, i);
		const char *treatment = node_get_str(p, "treatment", ""), *when = node_get_str(p, "when", NULL);

		if (strcmp(treatment, "irrelevant") != 0)
			g_string_append_printf(out, "| `%s` | %s%s%s | %s |\n", node_get_str(p, "path", "?"), treatment,
			                       when ? " when " : "", when ? when : "", node_get_str(p, "why", ""));
	}
}

static void functions_text(const struct node *functions, GString *out)
{
	g_string_append(out, "\n## Functions of the template language\n\n"
	                     "Names ignore case. In brackets: how many arguments each takes.\n\n");
	for (guint i = 0; i < node_length(functions); i++) {
		const struct node *f = node_item(functions, i);
		gint64 min = node_integer(node_get(f, "min"), 0), max = node_integer(node_get(f, "max"), -1);
		g_autofree char *range = max < 0      ? g_strdup_printf("%d or more", (int)min)
		                         : max == min ? g_strdup_printf("%d", (int)min)
		                                      : g_strdup_printf("%d to %d", (int)min, (int)max);

		g_string_append_printf(out, "%s`%s` (%s)", i ? ",\n" : "", node_get_str(f, "name", "?"), range);
	}
	g_string_append(out, ".\n");
}

/* Types without a noun, in the order of the program's table. */
static void recognised_text(const struct node *types, GString *out)
{
	g_string_append(out,
	                "\n## Types that are known and not modelled\n\n"
	                "A row speaks for all types below its own, but for those above and those of a longer row.\n\n"
	                "| type | |\n| --- | --- |\n");
	for (guint i = 0; i < node_length(types); i++) {
		const struct node *t = node_item(types, i);
		const char *why = node_get_str(t, "why", NULL);

		if (why)
			g_string_append_printf(out, "| `%s` | %s |\n", node_get_str(t, "type", "?"), why);
	}
}

char *support_text(void)
{
	g_autoptr(node) types = model_support();
	g_autoptr(node) functions = arm_functions();
	GString *out = g_string_new(introduction);

	for (guint i = 0; i < node_length(types); i++) {
		const struct node *t = node_item(types, i), *properties = node_get(t, "properties");
		const char *type = node_get_str(t, "type", "?");

		if (!properties)
			continue;
		g_string_append_printf(out, "\n## %s\n", strcmp(type, "*") == 0 ? "Every resource" : type);
		if (irrelevant_text(properties, out) > 0)
			rows_text(properties, out);
	}
	recognised_text(types, out);
	functions_text(functions, out);
	return g_string_free(out, FALSE);
}
