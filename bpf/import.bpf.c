/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The program by which an agent takes over a conversation: it is never attached. The agent writes the one entry of
 * `arrival` and runs it (BPF_PROG_TEST_RUN); what it returns is a verdict. Work in progress is in a map of its own, since
 * packets go on meanwhile, on this processor too.
 */
#define ESC_IMPORT
#include "ctx/skb.h"
#include "stage/import.h"

ESC_MAP(ESC_TABLE(arrival), BPF_MAP_TYPE_ARRAY, 1, esc_u32, struct esc_moved, 0);

SEC("tc")
int ESC_ENTRY(import_flow)(struct __sk_buff *skb)
{
	esc_u32 zero = 0;
	struct esc_moved *m = esc_lookup(arrival, &zero);

	(void)skb;
	return m ? import(m, ctx_now()) : ESC_V_FLOW_TABLE;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
