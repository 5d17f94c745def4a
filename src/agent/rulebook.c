/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rulebook.h"

#include "agent/internal.h"
#include "explain/native.h"

#include <netinet/in.h>

struct rulebook {
	char *hash; /* of the tables that it is made of */
	struct native *native;
};

void rulebook_free(struct rulebook *b)
{
	if (!b)
		return;
	native_free(b->native);
	g_free(b->hash);
	g_free(b);
}

static struct native *book_native(struct agent *a)
{
	if (a->rulebook && !g_strcmp0(a->rulebook->hash, a->hash))
		return a->rulebook->native;
	rulebook_free(a->rulebook);
	a->rulebook = g_new0(struct rulebook, 1);
	a->rulebook->hash = g_strdup(a->hash);
	a->rulebook->native = native_new(a->tables);
	return a->rulebook->native;
}

static int compare_number(gconstpointer number, gconstpointer rule)
{
	guint32 x = GPOINTER_TO_UINT(number), y = (*(const struct table_rule *const *)rule)->number;

	return x < y ? -1 : x > y;
}

const struct table_rule *rulebook_rule(const struct agent *a, guint32 number)
{
	const GPtrArray *rules = a->tables->rules;
	struct table_rule **found = number && rules->len ? bsearch(GUINT_TO_POINTER(number), rules->pdata, rules->len,
	                                                           sizeof(gpointer), compare_number)
	                                                 : NULL;

	return found ? *found : NULL;
}

static void ask(struct agent *a, const struct esc_flow_key *tuple, guint direction, const struct table_rule **rules)
{
	gboolean allow;
	guint32 numbers[2];

	if (!native_policy(book_native(a), tuple, direction, &allow, numbers))
		return;
	rules[0] = rulebook_rule(a, numbers[0]);
	rules[1] = rulebook_rule(a, numbers[1]);
}

void rulebook_destination(struct agent *a, guint32 port, guint8 protocol, guint32 *address, guint16 *port_number)
{
	const struct table *dnat = native_table(book_native(a), "dnat");
	struct esc_dnat_key key = {.port = port, .vip = *address, .vport = *port_number, .proto = protocol};
	const struct esc_dnat *d = table_lookup(dnat, &key);

	if (!d) {
		key.vport = 0;
		key.proto = 0;
		d = table_lookup(dnat, &key);
	}
	if (!d)
		return;
	*address = d->addr;
	if (d->port)
		*port_number = d->port;
}

void rulebook_ask(struct agent *a, const struct esc_flow_key *key, const struct esc_flow *opener,
                  const struct table_rule *rules[4])
{
	/* as the stages ask: the sender as he is, the destination translated, an echo without ports */
	struct esc_flow_key tuple = *key;

	tuple.daddr = opener->daddr;
	tuple.dport = opener->dport;
	if (key->proto == IPPROTO_ICMP)
		tuple.sport = tuple.dport = 0;
	rules[0] = rules[1] = rules[2] = rules[3] = NULL;
	if (key->dir == ESC_FLOW_FROM) {
		ask(a, &tuple, ESC_POLICY_OUT, &rules[0]);
		if (!opener->peer)
			return;
		tuple.port = opener->peer;
	}
	ask(a, &tuple, ESC_POLICY_IN, &rules[2]);
}
