/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan.h"
#include "controller/findings.h"
#include "model/life.h"

void plan_free(struct plan *p)
{
	if (!p)
		return;
	g_clear_pointer(&p->tables, g_ptr_array_unref);
	g_clear_pointer(&p->hashes, g_ptr_array_unref);
	g_clear_pointer(&p->settings.taps, g_hash_table_unref);
	g_clear_pointer(&p->health, health_free);
	node_unref(p->alloc_node);
	g_clear_pointer(&p->alloc, alloc_free);
	g_clear_pointer(&p->graph, graph_free);
	g_free(p);
}

static gboolean fail(GPtrArray *errors, GError *error)
{
	g_ptr_array_add(errors, g_strdup(error->message));
	g_error_free(error);
	return FALSE;
}

static gboolean plan_graph(struct plan *p, const struct stored *s, GPtrArray *errors)
{
	GError *error = NULL;
	GPtrArray *documents = stored_documents(s, &error);
	if (!documents)
		return fail(errors, error);
	p->graph = graph_build(documents, errors);
	if (!p->graph && !errors->len)
		g_ptr_array_add(errors, g_strdup("the documents make no network"));
	if (p->graph)
		graph_life(p->graph, s->life);
	return p->graph != NULL;
}

static gboolean plan_alloc(struct plan *p, const struct stored *s, GPtrArray *errors)
{
	GError *error = NULL;
	g_autoptr(alloc) old = s->alloc ? alloc_from_node(s->alloc, &error) : alloc_new();
	if (!old)
		return fail(errors, error);
	p->alloc = alloc_assign(old, p->graph, &p->settings, &error);
	if (!p->alloc)
		return fail(errors, error);
	p->alloc_node = alloc_to_node(p->alloc);
	return TRUE;
}

static gboolean plan_host(struct plan *p, guint host, enum live_flows live, GPtrArray *errors)
{
	GError *error = NULL;
	struct tables *t = compile_host(p->graph, p->alloc, &p->settings, host, &error);
	if (!t)
		return fail(errors, error);
	t->live = live;
	g_ptr_array_add(p->tables, t);
	g_ptr_array_add(p->hashes, tables_hash(t));
	/* Found here and not after the commit. */
	g_autoptr(GBytes) bytes = tables_serialize(t);
	if (g_bytes_get_size(bytes) <= STORE_MAX_VALUE)
		return TRUE;
	g_ptr_array_add(errors, g_strdup_printf("the tables of host %u have %" G_GSIZE_FORMAT
	                                        " bytes, more than the store takes (%u); use more hosts",
	                                        host, g_bytes_get_size(bytes), STORE_MAX_VALUE));
	return FALSE;
}

static void free_tables(gpointer t)
{
	tables_free(t);
}

static gboolean plan_hosts(struct plan *p, struct node *const *told, enum live_flows live, GPtrArray *errors)
{
	p->tables = g_ptr_array_new_with_free_func(free_tables);
	p->hashes = g_ptr_array_new_with_free_func(g_free);
	p->health = findings_health(told, p->settings.hosts, p->graph, p->alloc);
	p->settings.health = p->health;
	for (guint host = 0; host < p->settings.hosts; host++)
		if (!plan_host(p, host, live, errors))
			return FALSE;
	return TRUE;
}

gboolean plan_refresh(struct plan *p, struct node *const *told, GPtrArray *errors)
{
	struct plan old = *p;

	if (plan_hosts(p, told, LIVE_REEVALUATE, errors)) {
		g_ptr_array_unref(old.tables);
		g_ptr_array_unref(old.hashes);
		health_free(old.health);
		return TRUE;
	}
	g_ptr_array_unref(p->tables);
	g_ptr_array_unref(p->hashes);
	health_free(p->health);
	*p = old;
	return FALSE;
}

struct plan *plan_make(const struct stored *s, guint hosts, struct node *const *told, GPtrArray *errors)
{
	g_autoptr(plan) p = g_new0(struct plan, 1);
	alloc_settings_init(&p->settings);
	p->settings.hosts = hosts;
	p->settings.now = g_get_real_time() / G_USEC_PER_SEC;
	p->settings.taps = stored_taps(s);
	if (!plan_graph(p, s, errors) || !plan_alloc(p, s, errors) || !plan_hosts(p, told, s->live, errors))
		return NULL;
	return g_steal_pointer(&p);
}

const char *plan_hash(const struct plan *p, guint host)
{
	return g_ptr_array_index(p->hashes, host);
}

gboolean plan_has_vm(const struct plan *p, const char *id)
{
	for (guint i = 0; i < p->graph->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(p->graph->vms, i);
		if (!g_ascii_strcasecmp(vm->noun.id, id))
			return TRUE;
	}
	return FALSE;
}
