/* SPDX-License-Identifier: Apache-2.0 */
/* The store's messages, both ways: whatever arrives is refused or read, and what was read can be said again. */
#include "store/store-provider.h"
#include "store/wire.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void as_request(GBytes *body)
{
	struct wire_request r;
	if (wire_request_parse(body, &r, NULL) && (!r.txn || !r.txn->invalid)) {
		struct wire_request again;
		g_autoptr(GBytes) frame = wire_request_frame(r.op, r.key, r.revision, r.txn);
		g_autoptr(GBytes) rest = g_bytes_new(((const guint8 *)g_bytes_get_data(frame, NULL)) + WIRE_HEADER,
		                                     g_bytes_get_size(frame) - WIRE_HEADER);
		g_assert_true(wire_request_parse(rest, &again, NULL));
		g_assert_cmpstr(again.key, ==, r.key);
		wire_request_clear(&again);
	}
	wire_request_clear(&r);
}

static void as_answer(GBytes *body)
{
	struct wire_answer a;
	if (wire_answer_parse(body, &a, NULL)) {
		struct wire_answer again;
		g_autoptr(GBytes) frame =
		        wire_answer_frame(a.code, a.revision, a.message, a.entries, 0, a.entries->len, a.events);
		g_autoptr(GBytes) rest = g_bytes_new(((const guint8 *)g_bytes_get_data(frame, NULL)) + WIRE_HEADER,
		                                     g_bytes_get_size(frame) - WIRE_HEADER);
		g_assert_true(wire_answer_parse(rest, &again, NULL));
		g_assert_cmpuint(again.entries->len, ==, a.entries->len);
		wire_answer_clear(&again);
	}
	wire_answer_clear(&a);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	g_autoptr(GBytes) body = g_bytes_new(data, size);
	as_request(body);
	as_answer(body);
	return 0;
}
