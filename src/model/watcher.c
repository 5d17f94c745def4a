/* SPDX-License-Identifier: Apache-2.0 */
/* Network watchers and their flow logs. */
#include "model/watcher.h"

#include "model/outer.h"

#include <string.h>

#define MAX_DAYS   365
#define WHY_STORE  "the log is written to a directory of the host, which `escarp status` names, and not to an account"
#define WHY_TARGET "only flow logs of security groups are written"

const struct known watcher_known[] = {{"properties.runningOperationIds", IRRELEVANT}, {NULL}};

const struct known flow_log_known[] = {
        {"identity", IRRELEVANT},
        {"properties.targetResourceId", ENFORCED},
        {"properties.storageId", RECORDED, WHY_STORE},
        {"properties.enabled", ENFORCED},
        {"properties.retentionPolicy", ENFORCED},
        {"properties.format", ENFORCED},
        {"properties.flowAnalyticsConfiguration", NOT_MODELLED, "flows are not analysed elsewhere"},
        {"properties.enabledFilteringCriteria", NOT_MODELLED, "all flows of a target would be written"},
        {"properties.recordTypes", NOT_MODELLED, "all flows of a target would be written"},
        {"properties.targetResourceGuid", IRRELEVANT}, /* a report */
        {NULL},
};

static void flow_log_free(struct flow_log *l)
{
	noun_clear(&l->noun);
	g_free(l->target_id);
	g_free(l->storage_id);
	g_free(l);
}

void watcher_free(struct watcher *w)
{
	noun_clear(&w->noun);
	g_ptr_array_unref(w->flow_logs);
	g_free(w);
}

void watcher_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct watcher *w = g_new0(struct watcher, 1);

	w->flow_logs = g_ptr_array_new_with_free_func((GDestroyNotify)flow_log_free);
	g_ptr_array_add(b->graph->watchers, w);
	noun_declare(&w->noun, &s, d->id);
	noun_check_name(&w->noun, &s, 80);
}

/* The id at `dotted`; NULL and a warning for a text that is none: a log that is never written may lead anywhere. */
static const char *read_id(const struct spot *s, const char *dotted)
{
	const char *text = read_text(s, dotted, TRUE);

	if (!text || g_str_has_prefix(text, "<unknown") || *text == '/')
		return text && *text == '/' ? text : NULL;
	spot_warning(s, dotted, "'%.100s' is no id, so nothing is meant by it; write the id of a resource", text);
	return NULL;
}

void flow_log_declare(struct build *b, const struct document *d)
{
	static const char *const formats[] = {"JSON", NULL};
	struct spot s = spot_of(b, d);
	struct watcher *w = follow_parent(&s, &kind_watcher);
	struct flow_log *l;

	if (!w)
		return;
	l = g_new0(struct flow_log, 1);
	l->watcher = w;
	g_ptr_array_add(w->flow_logs, l);
	noun_declare(&l->noun, &s, d->id);
	noun_check_name(&l->noun, &s, 80);
	l->enabled = read_flag(&s, "properties.enabled", FALSE);
	l->version = read_number(&s, "properties.format.version", 1, 2, 1);
	read_choice(&s, "properties.format.type", formats, 0);
	l->retention_days = read_number(&s, "properties.retentionPolicy.days", 0, MAX_DAYS, 0);
	if (!read_flag(&s, "properties.retentionPolicy.enabled", FALSE))
		l->retention_days = 0;
	if (read_id(&s, "properties.storageId"))
		l->storage_id = g_strdup(reference_text(&s, "properties.storageId", &kind_storage_account, TRUE));
}

/* Each kind of target that a log may have, and where the graph keeps it. */
static void link_target(struct build *b, struct flow_log *l)
{
	static const char property[] = "properties.targetResourceId";
	struct spot s = noun_spot(b, &l->noun);
	const struct {
		const struct kind *kind;
		gpointer *target;
	} targets[] = {
	        {&kind_security_group, (gpointer *)&l->group},
	        {&kind_network, (gpointer *)&l->network},
	        {&kind_subnet, (gpointer *)&l->subnet},
	        {&kind_nic, (gpointer *)&l->nic},
	};
	const char *id = read_id(&s, property);
	g_autofree char *type = id ? reference_type(id) : NULL;

	for (gsize i = 0; type && i < G_N_ELEMENTS(targets); i++)
		if (strcmp(targets[i].kind->type, type) == 0) {
			l->target_id = g_strdup(id);
			*targets[i].target = reference_is_abroad(&s, id) ? reference_noun(b, id)
			                                                 : follow_text(&s, property, targets[i].kind);
		}
	if (l->enabled && l->target_id && !l->group)
		spot_recorded(&s, property, WHY_TARGET);
	if (id && !l->target_id)
		spot_error(
		        &s, property,
		        "'%.300s' has no flow log; name a security group, a virtual network, a subnet or an interface",
		        id);
}

void watcher_link(struct build *b, struct watcher *w)
{
	g_ptr_array_sort(w->flow_logs, noun_compare);
	for (guint i = 0; i < w->flow_logs->len; i++)
		link_target(b, w->flow_logs->pdata[i]);
}

/* A target has one log in a watcher: the two would write the same. */
void watcher_check(struct build *b, struct watcher *w)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < w->flow_logs->len; i++) {
		const struct flow_log *l = w->flow_logs->pdata[i];
		char *key = l->target_id ? g_ascii_strdown(l->target_id, -1) : g_strdup(l->noun.key);
		const struct flow_log *other = g_hash_table_lookup(seen, key);
		struct spot s = noun_spot(b, &l->noun);

		if (other) {
			g_autofree char *where = noun_where(&other->noun);

			spot_error(&s, "properties.targetResourceId", "%s is its flow log already; keep one", where);
			g_free(key);
		} else {
			g_hash_table_insert(seen, key, (gpointer)l);
		}
	}
}
