/* SPDX-License-Identifier: Apache-2.0 */
/* What people change about allocations by a command: the next assignment starts from it. */
#include "alloc_data.h"
#include <string.h>

void alloc_exchange(struct alloc *a, const struct public_address *p, const struct public_address *q)
{
	const char *x = p->noun.key, *y = q->noun.key;
	guint32 four[2] = {alloc_number(a, ALLOC_PUBLIC, x), alloc_number(a, ALLOC_PUBLIC, y)};
	const struct ip6 *six[2] = {alloc_address6(a, ALLOC_PUBLIC6, x), alloc_address6(a, ALLOC_PUBLIC6, y)};

	if (four[0] && four[1]) {
		alloc_set(a, ALLOC_PUBLIC, x, four[1]);
		alloc_set(a, ALLOC_PUBLIC, y, four[0]);
	}
	if (six[0] && six[1]) {
		struct ip6 mine = *six[0], theirs = *six[1];

		alloc_set6(a, ALLOC_PUBLIC6, x, theirs);
		alloc_set6(a, ALLOC_PUBLIC6, y, mine);
	}
}

gboolean alloc_hand_over(struct alloc *a, const struct public_address *p, const struct public_address *q)
{
	const char *from = p->noun.key, *to = q->noun.key;
	guint32 four = alloc_number(a, ALLOC_PUBLIC, from);
	const struct ip6 *six = alloc_address6(a, ALLOC_PUBLIC6, from);

	if (four && !alloc_number(a, ALLOC_PUBLIC, to)) {
		alloc_set(a, ALLOC_PUBLIC, to, four);
		g_hash_table_remove(a->numbers[ALLOC_PUBLIC], from);
		return TRUE;
	}
	if (six && !alloc_address6(a, ALLOC_PUBLIC6, to)) {
		alloc_set6(a, ALLOC_PUBLIC6, to, *six);
		g_hash_table_remove(a->addresses6[ALLOC_PUBLIC6], from);
		return TRUE;
	}
	return FALSE;
}

static guint free_number(const struct alloc *a, guint host)
{
	guint number = 1;
	gboolean taken = TRUE;

	while (taken) {
		GHashTableIter i;
		gpointer value;

		taken = FALSE;
		g_hash_table_iter_init(&i, a->ports);
		while (!taken && g_hash_table_iter_next(&i, NULL, &value)) {
			const struct alloc_port *p = value;
			taken = p->host == host && p->number == number;
		}
		number += taken;
	}
	return number;
}

void alloc_move(struct alloc *a, const struct vm *vm, guint host)
{
	for (guint i = 0; i < vm->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(vm->nics, i);
		struct alloc_port *p = g_hash_table_lookup(a->ports, nic->noun.key);

		if (!p || p->host == host)
			continue;
		p->number = free_number(a, host);
		p->host = host;
	}
}
