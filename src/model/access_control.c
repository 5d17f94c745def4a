/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access controls of an endpoint: who may use a rule or a NAT port of a load balancer, by remote address.
 *
 * A document of the platform has none on these: it is what the classic formats know as the ACL of an input endpoint,
 * written into the same rules so that all formats meet in the same nouns:
 *
 *   "accessControl": { "rules": [ { "order": 100, "action": "permit", "remoteSubnet": "192.0.2.0/24" } ] }
 */
#include "model/balancer.h"

#define MAX_RULES 50

static void access_rule_clear(gpointer data)
{
	g_free(((struct access_rule *)data)->description);
}

void access_control_free(struct access_control *a)
{
	if (!a)
		return;
	g_array_unref(a->rules);
	g_free(a);
}

static gint compare_rules(gconstpointer a, gconstpointer b)
{
	const struct access_rule *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static void read_subnet(struct access_rule *r, const struct spot *s)
{
	const char *text = read_text(s, "remoteSubnet", TRUE);

	if (!text)
		return;
	r->v6 = prefix6_parse(text, &r->prefix6);
	if (!r->v6 && !prefix_parse(text, &r->prefix))
		spot_error(s, "remoteSubnet", "'%.60s' is not an address prefix; write one like 192.0.2.0/24", text);
}

static gboolean has_order(const struct access_control *a, guint order)
{
	for (guint i = 0; i < a->rules->len; i++)
		if (g_array_index(a->rules, struct access_rule, i).order == order)
			return TRUE;
	return FALSE;
}

static void add_rule(struct access_control *a, const struct spot *s)
{
	static const char *const actions[] = {"deny", "permit", NULL};
	struct access_rule r = {0};

	if (s->node->type != NODE_OBJECT) {
		spot_error(s, "", "an object belongs here, not %s; write { \"order\": ... }",
		           node_type_name(s->node->type));
		return;
	}
	r.order = read_number(s, "order", 0, 65535, REQUIRED);
	r.permit = read_choice(s, "action", actions, REQUIRED) == 1;
	r.description = g_strdup(read_text(s, "description", FALSE));
	read_subnet(&r, s);
	if (has_order(a, r.order))
		spot_error(s, "order", "another rule has order %u; give each its own", r.order);
	g_array_append_val(a->rules, r);
}

/* Only denies leave everybody else in. */
static gboolean only_denies(const struct access_control *a)
{
	for (guint i = 0; i < a->rules->len; i++)
		if (g_array_index(a->rules, struct access_rule, i).permit)
			return FALSE;
	return TRUE;
}

struct access_control *access_control_read(const struct spot *s)
{
	static const char list[] = "properties.accessControl.rules";
	struct access_control *a;
	guint count;

	if (!spot_get(s, "properties.accessControl") || !spot_is_object(s, "properties.accessControl"))
		return NULL;
	/* A misspelt list must not be none: that would permit everybody. */
	if (!spot_get(s, list))
		spot_error(s, list, "it is missing; write [] to permit everybody");
	count = spot_length(s, list);
	if (count > MAX_RULES) {
		spot_error(s, list, "%u rules are more than the %d that an endpoint may have; join prefixes", count,
		           MAX_RULES);
		count = 0;
	}
	a = g_new0(struct access_control, 1);
	a->rules = g_array_new(FALSE, FALSE, sizeof(struct access_rule));
	g_array_set_clear_func(a->rules, access_rule_clear);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);

		add_rule(a, &item);
	}
	g_array_sort(a->rules, compare_rules);
	a->permit_others = only_denies(a);
	return a;
}

gboolean access_control_can_deny(const struct access_control *a, gboolean v6)
{
	if (!a)
		return FALSE;
	for (guint i = 0; i < a->rules->len; i++) {
		const struct access_rule *r = &g_array_index(a->rules, struct access_rule, i);

		if (r->v6 != v6)
			continue;
		if (!r->permit)
			return TRUE;
		if ((v6 ? r->prefix6.length : r->prefix.length) == 0)
			return FALSE;
	}
	return !a->permit_others;
}
