/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The programs of ports and of the overlay: the distributed firewall. The list of their stages is stage/journey.h.
 */
#include "ctx/skb.h"
#include "stage/journey.h"

SEC("tc")
int from_port(struct __sk_buff *skb)
{
	struct esc_packet p = {};
	int verdict = journey_from_port(skb, &p);

	return leave(skb, &p, verdict);
}

SEC("tc")
int from_overlay(struct __sk_buff *skb)
{
	struct esc_packet p = {};
	int verdict = journey_from_overlay(skb, &p);

	return leave(skb, &p, verdict);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
