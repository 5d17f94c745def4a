/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of strangers: evaluated or refused with a reason, and the same template evaluates to the same documents. */
#include "formats/arm/arm.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static const struct arm_scope scope = {"fuzz", "g", "local", "fuzz", NULL};

/* What was evaluated can be written, and what is written evaluates to as many documents. */
static void write_back(const struct arm_result *r)
{
	struct arm_writing w = {.documents = r->documents, .secrets = r->secrets, .subscription = "fuzz", .group = "g"};
	g_autoptr(node) values = NULL;
	g_autoptr(node) written = arm_write(&w, &values);
	struct arm_result *again = arm_evaluate(written, "written.json", NULL, values, &scope, FALSE, NULL);

	if (again)
		g_assert_cmpuint(again->documents->len, ==, r->documents->len);
	arm_result_free(again);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(node) t = node_parse((const char *)data, size, "fuzz.json", NULL);
	struct arm_result *r[2];

	if (!t)
		return 0;
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;

		r[i] = arm_evaluate(t, "fuzz.json", NULL, NULL, &scope, TRUE, &error);
		g_assert((r[i] == NULL) == (error != NULL));
	}
	g_assert((r[0] == NULL) == (r[1] == NULL));
	if (!r[0])
		return 0;
	g_assert_cmpuint(r[0]->documents->len, ==, r[1]->documents->len);
	for (guint i = 0; i < r[0]->documents->len; i++) {
		struct document *a = r[0]->documents->pdata[i], *b = r[1]->documents->pdata[i];

		g_assert_cmpstr(a->id, ==, b->id);
		g_assert_true(node_equal(a->resource, b->resource));
	}
	write_back(r[0]);
	arm_result_free(r[0]);
	arm_result_free(r[1]);
	return 0;
}
