/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maglev's table (Eisenbud et al., NSDI'16, section 3.4). Each back end has its own order of preference over all slots:
 * it starts at `offset` and goes on by `skip`; the size is a prime, so it comes by every slot. In turn, each takes the
 * first slot of its order that is still free. Orders come from the back end's identity alone, so when one leaves, the
 * others keep nearly all that they had; the larger the table against their number, the nearer.
 */
#include "parts.h"

static guint64 mix(guint64 h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 33;
}

static guint64 hash_text(const char *text, guint64 seed)
{
	guint64 h = seed;
	for (const char *c = text; *c; c++)
		h = (h ^ (guint8)*c) * 0x100000001b3ull;
	return mix(h);
}

void maglev_fill(guint16 *table, guint size, const char *const *identities, guint count)
{
	g_autofree guint *next = g_new(guint, count), *skip = g_new(guint, count);
	for (guint i = 0; i < count; i++) {
		next[i] = (guint)(hash_text(identities[i], 0xcbf29ce484222325ull) % size);
		skip[i] = (guint)(hash_text(identities[i], 0x9ae16a3b2f90404full) % (size - 1)) + 1;
	}
	for (guint i = 0; i < size; i++)
		table[i] = ESC_BLOB_NOBODY;
	for (guint filled = 0; filled < size;) {
		for (guint i = 0; i < count && filled < size; i++, filled++) {
			guint at = next[i];
			while (table[at] != ESC_BLOB_NOBODY) {
				at += skip[i]; /* both below the size, so once is enough */
				at = at >= size ? at - size : at;
			}
			table[at] = (guint16)i;
			next[i] = at;
		}
	}
}
