/* SPDX-License-Identifier: Apache-2.0 */
/* The balancer's table: fair, and calm when a back end leaves or comes. */
#include "compile/parts.h"

static GPtrArray *names(guint count)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(out,
		                g_strdup_printf("/subscriptions/s/resourcegroups/g/networkinterfaces/vm%u-nic", i));
	return out;
}

static guint16 *fill(GPtrArray *ids)
{
	guint16 *table = g_new(guint16, MAGLEV_SIZE);
	maglev_fill(table, MAGLEV_SIZE, (const char *const *)ids->pdata, ids->len);
	return table;
}

static void test_balance(void)
{
	static const guint counts[] = {2, 3, 10, 100, MAGLEV_BACKENDS};
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		guint n = counts[i];
		g_autoptr(GPtrArray) ids = names(n);
		g_autofree guint16 *table = fill(ids);
		g_autofree guint *share = g_new0(guint, n);
		for (guint s = 0; s < MAGLEV_SIZE; s++) {
			g_assert_cmpuint(table[s], <, n);
			share[table[s]]++;
		}
		for (guint b = 0; b < n; b++) {
			g_assert_cmpuint(share[b], >=, MAGLEV_SIZE / n);
			g_assert_cmpuint(share[b], <=, MAGLEV_SIZE / n + 1);
		}
	}
}

/* Slots of the others that change hands when `gone` leaves, in hundredths of a per cent of the table. */
static guint disruption(guint count, guint gone)
{
	g_autoptr(GPtrArray) ids = names(count);
	g_autofree guint16 *before = fill(ids);
	g_ptr_array_remove_index(ids, gone);
	g_autofree guint16 *after = fill(ids);
	guint moved = 0;
	for (guint s = 0; s < MAGLEV_SIZE; s++) {
		guint was = before[s];
		if (was != gone && after[s] != (was > gone ? was - 1 : was))
			moved++;
	}
	return moved * 10000 / MAGLEV_SIZE;
}

static void test_disruption(void)
{
	static const guint counts[] = {2, 3, 5, 10, 11, 50, 100, 300, MAGLEV_BACKENDS};
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		guint worst = 0;
		for (guint k = 0; k < 3; k++)
			worst = MAX(worst, disruption(counts[i], k * (counts[i] - 1) / 2));
		g_test_message("%u back ends: %u.%02u %% moved beyond the share", counts[i], worst / 100, worst % 100);
		g_assert_cmpuint(worst, <=, 100);
	}
}

static void test_stable(void)
{
	g_autoptr(GPtrArray) ids = names(7);
	g_autofree guint16 *a = fill(ids), *b = fill(ids);
	g_assert_cmpmem(a, MAGLEV_SIZE * 2, b, MAGLEV_SIZE * 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/maglev/balance", test_balance);
	g_test_add_func("/maglev/disruption", test_disruption);
	g_test_add_func("/maglev/stable", test_stable);
	return g_test_run();
}
