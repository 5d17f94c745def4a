/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seeds of fuzz_tables: the tables that templates compile to, so that they always have today's layout. A seed of
 * another layout would be refused at its first word, and the target would test nothing.
 *
 *     seed_tables OUT TEMPLATE     the tables of host 0 of a deployment on two hosts
 */
#include "compile/compile.h"
#include "formats/arm/arm.h"

static GPtrArray *documents(const char *path, GError **error)
{
	static const struct arm_scope scope = {"seed", "g", "local", "seed", NULL};
	g_autoptr(node) t = node_parse_file(path, error);
	struct arm_result *r = t ? arm_evaluate(t, path, NULL, NULL, &scope, TRUE, error) : NULL;
	GPtrArray *list = r ? g_ptr_array_ref(r->documents) : NULL;

	g_clear_pointer(&r, arm_result_free);
	return list;
}

/* Takes the documents, as graph_build does. */
static GBytes *compiled(GPtrArray *list, GError **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) g = graph_build(list, errors);
	struct alloc_settings s;

	g_assert_nonnull(g);
	alloc_settings_init(&s);
	s.hosts = 2;
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, error);
	g_autoptr(tables) t = a ? compile_host(g, a, &s, 0, error) : NULL;
	g_autoptr(GBytes) bytes = t ? tables_serialize(t) : NULL;
	g_autoptr(tables) accepted = bytes ? tables_parse(bytes, error) : NULL;

	return accepted ? g_steal_pointer(&bytes) : NULL;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *list = argc == 3 ? documents(argv[2], &error) : NULL;
	g_autoptr(GBytes) bytes = list ? compiled(list, &error) : NULL;
	gsize size;
	const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

	if (data && g_file_set_contents(argv[1], data, (gssize)size, &error))
		return 0;
	g_printerr("seed_tables: %s\n", error ? error->message : "OUT and TEMPLATE are wanted");
	return 1;
}
