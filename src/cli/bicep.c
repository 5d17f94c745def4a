/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bicep.h"

#include "cli/options.h"

#include <string.h>

static gboolean ends(const char *file, const char *suffix)
{
	gsize length = strlen(file), tail = strlen(suffix);

	return length > tail && g_ascii_strcasecmp(file + length - tail, suffix) == 0;
}

/* What `bicep VERB FILE --stdout` prints, parsed. NULL and error. */
static struct node *compiled(const char *verb, const char *file, GError **error)
{
	/* a name that begins with '-' would be taken for an option */
	g_autofree char *path = *file == '-' ? g_strconcat("./", file, NULL) : g_strdup(file);
	char *argv[] = {(char *)"bicep", (char *)verb, path, (char *)"--stdout", NULL};
	g_autofree char *out = NULL, *told = NULL;
	g_autoptr(GError) why = NULL;
	int status = 0;

	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &told, &status, &why)) {
		g_set_error(error, CLI_ERROR, CLI_USAGE,
		            "%s: `bicep`, which compiles it, is not installed here; run `bicep %s %s` (or `az bicep %s "
		            "--file %s`) where it is, and give the JSON file that it writes",
		            file, verb, file, verb, file);
		return NULL;
	}
	if (!g_spawn_check_wait_status(status, NULL)) {
		g_set_error(error, CLI_ERROR, CLI_USAGE, "%s: `bicep %s` refuses it:\n%.4000s", file, verb,
		            g_strstrip(told));
		return NULL;
	}
	return node_parse(out, strlen(out), file, error);
}

struct node *bicep_template(const char *file, GError **error)
{
	if (!ends(file, ".bicepparam"))
		return ends(file, ".bicep") ? compiled("build", file, error) : node_parse_file(file, error);
	g_set_error(error, CLI_ERROR, CLI_USAGE,
	            "%s: it holds parameters; name its template first, and it with --parameters", file);
	return NULL;
}

struct node *bicep_parameters(const char *file, GError **error)
{
	g_autoptr(node) both = NULL;
	const char *text;

	if (!ends(file, ".bicepparam"))
		return node_parse_file(file, error);
	both = compiled("build-params", file, error);
	if (!both)
		return NULL;
	text = node_get_str(both, "parametersJson", NULL);
	return text ? node_parse(text, strlen(text), file, error) : g_steal_pointer(&both);
}
