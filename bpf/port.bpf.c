/* SPDX-License-Identifier: Dual BSD/GPL */
#include "maps.h"
SEC("tc")
int from_port(struct __sk_buff *skb)
{
	return 2;
}
SEC("tc")
int from_overlay(struct __sk_buff *skb)
{
	return 2;
}
char LICENSE[] SEC("license") = "Dual BSD/GPL";
