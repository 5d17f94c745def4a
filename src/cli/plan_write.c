/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plan --format arm`: the documents as one template.
 *
 * The template is evaluated before it is shown: should it not yield the very documents that it was made of, it is an
 * error, since somebody would deploy something else than he planned.
 */
#include "cli/plan.h"
#include "cli/report.h"
#include "formats/arm/arm.h"

#include <stdio.h>
#include <string.h>

static GHashTable *by_id(const GPtrArray *documents)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < documents->len; i++) {
		struct document *d = g_ptr_array_index(documents, i);

		g_hash_table_replace(t, g_strdup(d->id), d);
	}
	return t;
}

/* An id that one of both lacks, or has with other content; NULL when they are the same set. */
static const char *difference(GHashTable *a, GHashTable *b)
{
	GHashTableIter iter;
	gpointer id, value;

	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &id, &value)) {
		const struct document *x = value, *y = g_hash_table_lookup(b, id);

		if (!y || strcmp(x->type, y->type) != 0 || !node_equal(x->resource, y->resource))
			return id;
	}
	g_hash_table_iter_init(&iter, b);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		if (!g_hash_table_contains(a, id))
			return id;
	return NULL;
}

static int check_and_print(const struct source *src, struct node *template, const struct node *values)
{
	struct arm_scope scope = {src->subscription, src->group, "local", "written"};
	g_autoptr(GHashTable) before = by_id(src->documents);
	g_autoptr(GHashTable) after = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = node_print(template, TRUE);
	g_autoptr(node) read = node_parse(text, strlen(text), "the written template", &error);
	struct arm_result *r =
	        read ? arm_evaluate(read, "the written template", NULL, values, &scope, FALSE, &error) : NULL;
	g_autofree char *id = NULL;

	if (!r)
		return report_error(EXIT_FAILED, "--format arm: these resources cannot be written: %s", error->message);
	after = by_id(r->documents);
	id = g_strdup(difference(before, after));
	g_clear_pointer(&after, g_hash_table_unref);
	arm_result_free(r);
	if (id)
		return report_error(EXIT_FAILED, "--format arm: %s cannot be written without changing it", id);
	for (guint i = 0; i < node_length(values); i++)
		fprintf(stderr, "needs a value: --param %s=...\n", node_name(values, i));
	return puts(text) == EOF || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

int plan_write(const struct source *src)
{
	struct arm_writing w = {
	        .documents = src->documents,
	        .twins = src->twins,
	        .secure = src->secure,
	        .twin_secure = src->twin_secure,
	        .secrets = src->secrets,
	        .subscription = src->subscription,
	        .group = src->group,
	};
	g_autoptr(node) values = NULL;
	g_autoptr(node) template = arm_write(&w, &values);

	return check_and_print(src, template, values);
}
