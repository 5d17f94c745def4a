/* SPDX-License-Identifier: Dual BSD/GPL */
#include "maps.h"
SEC("tc")
int edge_tc(struct __sk_buff *skb)
{
	return 2;
}
SEC("xdp")
int edge_xdp(struct xdp_md *xdp)
{
	return 1;
}
char LICENSE[] SEC("license") = "Dual BSD/GPL";
