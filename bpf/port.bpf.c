/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The programs of ports, of the overlay and of the prober: the distributed firewall. The list of their stages is stage/journey.h. For
 * IPv4, where all packets begin, and once more for IPv6.
 */
#include "ctx/skb.h"
#include "stage/express.h"
#include "stage/journey.h"

SEC("tc")
int ESC_ENTRY(from_port)(struct __sk_buff *skb)
{
	int verdict, action = express(skb);
	struct esc_packet *p;

	if (action != ESC_EXPRESS_NOT)
		return action;
	p = packet_new();
	if (!p)
		return TC_ACT_SHOT;
	verdict = ctx_hand_on(skb, journey_from_port(skb, p), ESC_SIBLING_PORT);
	return leave(skb, p, verdict);
}

SEC("tc")
int ESC_ENTRY(from_overlay)(struct __sk_buff *skb)
{
	struct esc_packet *p = packet_new();
	int verdict;

	if (!p)
		return TC_ACT_SHOT;
	verdict = ctx_hand_on(skb, journey_from_overlay(skb, p), ESC_SIBLING_OVERLAY);
	return leave(skb, p, verdict);
}

/* Where all programs of the family hand their fragments on to, so that no other packet pays for them. */
SEC("tc")
int ESC_ENTRY(fragment)(struct __sk_buff *skb)
{
	struct esc_packet *p = packet_taken();

	if (!p)
		return TC_ACT_SHOT;
	return leave(skb, p, journey_fragment(skb, p));
}

#if ESC_FAMILY == 4
SEC("tc")
int from_prober(struct __sk_buff *skb)
{
	struct esc_packet *p = packet_new();

	return p ? leave(skb, p, journey_from_prober(skb, p)) : TC_ACT_SHOT;
}
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
