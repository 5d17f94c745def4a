/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request lines, as run/lab.sock and control.sock get them: whatever arrives is refused with a reason, or is within the
 * bounds that the rest of the program counts on.
 */
#include "controller/merge.h"
#include "lab/plug.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void as_plug(const struct node *n)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(plug) p = plug_parse(n, &error);

	g_assert_true(!p == !!error);
	if (!p)
		return;
	g_assert_true(p->port >= 1 && p->port < ESC_MAX_PORTS && p->host < 256);
	g_assert_true(p->address_count >= 1 && p->address_count <= ESC_PORT_ADDRS);
	g_assert_false(p->mac[0] & 1);
	g_autofree char *answer = plug_answer(p);
	/* One word: it becomes part of a line for the echo process. */
	g_assert_null(strpbrk(answer, " \n\r\t"));
	g_assert_null(strpbrk(p->vm, " \n\r\t"));
}

static void as_deployment(const struct node *n)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(request) r = request_parse(n, &error);

	g_assert_true(!r == !!error);
	if (!r)
		return;
	if (r->action)
		g_assert_true(r->name && *r->name && !r->documents->len);
	else
		g_assert_true(r->subscription && *r->subscription && r->group && *r->group);
	g_assert_nonnull(r->documents);
	g_assert_nonnull(r->taps);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	g_autoptr(node) n = node_parse((const char *)data, size, "request", NULL);

	if (!n || n->type != NODE_OBJECT)
		return 0;
	as_plug(n);
	as_deployment(n);
	return 0;
}
