/* SPDX-License-Identifier: Apache-2.0 */
/* Readers and writers of IPv6 addresses. inet_pton is strict; inet_ntop writes dots into addresses that only begin with zeros. */
#include "lib/ip6.h"

#include <arpa/inet.h>
#include <string.h>

#define BITS   128
#define GROUPS 8

gboolean ip6_parse(const char *text, struct ip6 *a)
{
	struct in6_addr in;

	if (!text || inet_pton(AF_INET6, text, &in) != 1)
		return FALSE;
	memcpy(a->b, in.s6_addr, sizeof a->b);
	return TRUE;
}

/* What of the byte `i` belongs to a prefix of `length` bits. */
static guint8 mask_byte(guint8 length, guint i)
{
	guint kept = length > 8 * i ? MIN(length - 8 * i, 8) : 0;

	return (guint8)(0xff00u >> kept);
}

/* The digits after '/': no sign, no blanks, no leading zero. */
static gboolean read_length(const char *text, guint8 *length)
{
	guint value = 0;

	if (!g_ascii_isdigit(*text) || (*text == '0' && text[1]))
		return FALSE;
	for (; g_ascii_isdigit(*text) && value <= BITS; text++)
		value = value * 10 + (guint)(*text - '0');
	*length = (guint8)value;
	return !*text && value <= BITS;
}

gboolean prefix6_parse(const char *text, struct prefix6 *p)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = text ? strchr(text, '/') : NULL;
	gsize size = !text ? 0 : slash ? (gsize)(slash - text) : strlen(text);
	struct prefix6 read = {.length = BITS};

	if (size == 0 || size >= sizeof address)
		return FALSE;
	memcpy(address, text, size);
	address[size] = '\0';
	if (!ip6_parse(address, &read.addr) || (slash && !read_length(slash + 1, &read.length)))
		return FALSE;
	for (guint i = 0; i < sizeof read.addr.b; i++)
		read.addr.b[i] &= mask_byte(read.length, i);
	*p = read;
	return TRUE;
}

static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};

struct prefix6 prefix6_mapped(struct prefix p)
{
	guint32 addr = GUINT32_TO_BE(p.addr);
	struct prefix6 m = {.length = (guint8)(96 + p.length)};

	memcpy(m.addr.b, mapped, sizeof mapped);
	memcpy(m.addr.b + sizeof mapped, &addr, sizeof addr);
	return m;
}

static guint group(struct ip6 a, guint i)
{
	return (guint)a.b[2 * i] << 8 | a.b[2 * i + 1];
}

/* The longest run of at least two zero groups, the first of equals; 0 when there is none. */
static guint zero_run(struct ip6 a, guint *start)
{
	guint best = 1;

	for (guint i = 0; i < GROUPS;) {
		guint n = 0;

		while (i + n < GROUPS && group(a, i + n) == 0)
			n++;
		if (n > best) {
			best = n;
			*start = i;
		}
		i += n ? n : 1;
	}
	return best > 1 ? best : 0;
}

char *ip6_format(struct ip6 a)
{
	GString *text = g_string_new(NULL);
	guint start = 0, run = zero_run(a, &start);

	if (memcmp(a.b, mapped, sizeof mapped) == 0) {
		g_string_printf(text, "::ffff:%u.%u.%u.%u", a.b[12], a.b[13], a.b[14], a.b[15]);
		return g_string_free(text, FALSE);
	}
	for (guint i = 0; i < GROUPS; i++) {
		if (run && i == start) {
			g_string_append(text, "::");
			i += run - 1;
			continue;
		}
		g_string_append_printf(text, "%s%x", i == 0 || (run && i == start + run) ? "" : ":", group(a, i));
	}
	return g_string_free(text, FALSE);
}

char *prefix6_format(struct prefix6 p)
{
	g_autofree char *addr = ip6_format(p.addr);

	return g_strdup_printf("%s/%u", addr, p.length);
}

gint ip6_compare(struct ip6 a, struct ip6 b)
{
	return memcmp(a.b, b.b, sizeof a.b);
}

struct ip6 ip6_add(struct ip6 a, guint32 n)
{
	guint64 carry = n;

	for (guint i = sizeof a.b; i-- > 0 && carry;) {
		carry += a.b[i];
		a.b[i] = (guint8)carry;
		carry >>= 8;
	}
	return a;
}

struct ip6 ip6_mapped(guint32 addr)
{
	struct ip6 a = {{0}};

	memcpy(a.b, mapped, sizeof mapped);
	for (guint i = 0; i < 4; i++)
		a.b[12 + i] = (guint8)(addr >> (24 - 8 * i));
	return a;
}

gboolean ip6_is_mapped(struct ip6 a, guint32 *addr)
{
	if (memcmp(a.b, mapped, sizeof mapped) != 0)
		return FALSE;
	*addr = (guint32)a.b[12] << 24 | (guint32)a.b[13] << 16 | (guint32)a.b[14] << 8 | a.b[15];
	return TRUE;
}

char *ip6_format_any(struct ip6 a)
{
	guint32 four;

	return ip6_is_mapped(a, &four) ? ip_format(four) : ip6_format(a);
}

struct ip6 ip6_before(struct ip6 a)
{
	guint i = sizeof a.b;

	do {
		i--;
	} while (a.b[i]-- == 0 && i > 0);
	return a;
}

gboolean prefix6_has(struct prefix6 p, struct ip6 a)
{
	for (guint i = 0; i < sizeof a.b; i++)
		if ((a.b[i] & mask_byte(p.length, i)) != p.addr.b[i])
			return FALSE;
	return TRUE;
}

gboolean prefix6_contains(struct prefix6 outer, struct prefix6 inner)
{
	return inner.length >= outer.length && prefix6_has(outer, inner.addr);
}

gboolean prefix6_overlap(struct prefix6 a, struct prefix6 b)
{
	return prefix6_contains(a, b) || prefix6_contains(b, a);
}

struct ip6 prefix6_last(struct prefix6 p)
{
	for (guint i = 0; i < sizeof p.addr.b; i++)
		p.addr.b[i] |= (guint8)~mask_byte(p.length, i);
	return p.addr;
}
