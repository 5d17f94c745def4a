/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * What the data path and the daemons share: the key and value of every map, and nothing else.
 *
 * Concept. A host's data path is a handful of maps. Most are written by the agent alone, which makes
 * them equal to the tables that the compiler made for this host (src/compile/tables.h); the data path
 * only reads them. The flow tables are the other way round.
 *
 *   map          type          key -> value                        written by
 *   host         array[1]      0 -> esc_host                       agent
 *   ifaces       array         ifindex -> port number              agent
 *   ports        array         port number -> esc_port             agent
 *   port_word    array, mmap   port number -> esc_port_word        agent (one aligned store: the flip)
 *   port_past    array, mmap   port number -> esc_port_past        agent
 *   blobs        array, mmap   block number -> esc_block           agent (policy, Maglev, SNAT regions)
 *   macs         hash          esc_mac_key -> port number          agent
 *   addrs        hash          esc_addr_key -> esc_addr            agent
 *   routes       LPM trie      esc_route_key -> esc_route          agent
 *   forwarders   hash          esc_mac_key -> esc_forwarder        agent
 *   peers        hash          fabric address -> ESC_PEER_*        agent
 *   endpoints    hash          esc_endpoint_key -> esc_endpoint    agent
 *   dnat         hash          esc_dnat_key -> esc_dnat            agent
 *   snat         hash          esc_snat_key -> esc_snat            agent
 *   flows        hash          esc_flow_key -> esc_flow            data path
 *   rings        array         port * ring size + slot -> esc_flow_key  data path
 *   hands        array         port number -> esc_hand             data path
 *   budgets      array         port number -> esc_budget           data path
 *   limits       array         port number -> esc_limits           data path
 *   fragments    array         port number * sets + set -> esc_fragments  data path
 *   vip_fragments  array       part of the public addresses * sets + set -> esc_fragments  data path
 *   drops        per-CPU array port * ESC_V_COUNT + verdict -> esc_count  data path
 *   rules        per-CPU array rule number -> esc_count            data path
 *   events       ring buffer   struct esc_event (event.h)          data path
 *   scratch      per-CPU array 0 -> one judgement at work         data path
 *   effects      array[1]      0 -> esc_effect                     data path, under test only
 *
 * Byte order: addresses and ports are in network order wherever they appear in a key or value
 * (type __be32/__be16 in spirit, u32/u16 in letter); everything else is in host order.
 * Padding is explicit and zero, since keys are compared as bytes.
 */
#pragma once

#ifdef __bpf__
#include <linux/types.h>
typedef __u8 esc_u8;
typedef __u16 esc_u16;
typedef __u32 esc_u32;
typedef __u64 esc_u64;
#else
#include <stdint.h>
typedef uint8_t esc_u8;
typedef uint16_t esc_u16;
typedef uint32_t esc_u32;
typedef uint64_t esc_u64;
#endif

/* Port 0 stands for the uplink and the overlay in counters; real ports start at 1. */
#define ESC_PORT_UPLINK   0
#define ESC_PORT_ADDRS    8 /* private addresses of one port; more is a compile error */
#define ESC_IFINDEX_MAX   65536
#define ESC_MAX_PORTS     1024      /* default size of the port arrays; the agent may load with fewer */
#define ESC_RINGS_DEFAULT 262144    /* slots of all ports' rings, so flows of a host; quotas never sum to more */
#define ESC_VNI_EDGE      0xffffffu /* "from an edge": inner destination is a VIP, the MAC names the port */
#define ESC_VNI_EDGE_ASK  0xfffffeu /* likewise, and if that port has no such flow, whoever had its place before */
#define ESC_GATEWAY_MAC                                                                                                \
	{                                                                                                              \
		0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc                                                                     \
	}

#define ESC_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " is ABI")

/* How a packet leaves this host's pipeline. */
enum esc_delivery {
	ESC_TO_NONE = 0,    /* dropped */
	ESC_TO_PEER = 1,    /* bpf_redirect_peer into the namespace behind a veth port */
	ESC_TO_TAP = 2,     /* bpf_redirect to a tap device */
	ESC_TO_OVERLAY = 3, /* tunnel key, then bpf_redirect to the VXLAN device */
	ESC_TO_UPLINK = 4,  /* bpf_redirect to the uplink, MACs of the next hop */
	ESC_TO_SELF = 5,    /* an answer, back out of the device it came from */
	ESC_TO_PROBER = 6,  /* bpf_redirect to the device of this host's prober */
};

/* What a port may ask of the data path and the platform's services, by kind: each has a token bucket of its own. */
enum esc_limit {
	ESC_LIMIT_ARP = 0, /* and neighbour discovery */
	ESC_LIMIT_DHCP = 1,
	ESC_LIMIT_DNS = 2,
	ESC_LIMIT_ICMP = 3, /* errors that the data path sends back */
	ESC_LIMITS = 4,
};

struct esc_rate {
	esc_u16 second; /* tokens a second */
	esc_u16 burst;  /* tokens that a full bucket holds; 0: nothing passes */
};
ESC_ASSERT_SIZE(struct esc_rate, 4);

/* Groups of abi/bogon.def. */
enum esc_bogon { ESC_BOGON_ALWAYS = 0, ESC_BOGON_DOCUMENTATION = 1, ESC_BOGON_BENCHMARKING = 2, ESC_BOGON_SPECIAL = 3 };

struct esc_host {
	esc_u32 fabric; /* this host's underlay address, network order */
	esc_u32 uplink_ifindex;
	esc_u32 overlay_ifindex; /* VXLAN device in collect-metadata mode; 0: a fleet of one */
	esc_u8 uplink_mac[6];
	esc_u8 nexthop_mac[6];
	esc_u32 ring_size;   /* flows a port may own: a power of two */
	esc_u32 hash_seed;   /* of the balancer: the same on every edge of the fleet */
	esc_u32 overlay_mtu; /* largest inner IP packet that the fabric carries; 0: no check */
	esc_u32 platform;    /* address of DHCP, DNS and probes; never a port's */
	struct esc_rate rates[ESC_LIMITS];
	esc_u32 bogons;         /* 1 << enum esc_bogon: groups that cannot come from outside, besides ALWAYS */
	esc_u32 prober_ifindex; /* the device behind which this host's prober is; 0: none */
};
ESC_ASSERT_SIZE(struct esc_host, 64);

#define ESC_PORT_ACTIVE  0x01
#define ESC_PORT_TAP     0x02 /* delivery kind: tap instead of peer */
#define ESC_PORT_FORWARD 0x04 /* IP forwarding: takes and sends packets of other addresses than its own */
#define ESC_PORT_ROUTED  0x08 /* its table holds routes of its owner's, so a way back is not a matter of course */

struct esc_port {
	esc_u8 mac[6];
	esc_u8 flags; /* ESC_PORT_* ; 0: there is no such port */
	esc_u8 addr_count;
	esc_u32 net; /* VNI of its network, 24 bits */
	esc_u32 ifindex;
	esc_u32 addr[ESC_PORT_ADDRS];
	esc_u32 table; /* of its routes: where its packets go */
	esc_u32 space; /* of the system routes alone: in which network an address lives, as seen from here */
	esc_u32 pad[2];
};
ESC_ASSERT_SIZE(struct esc_port, 64);

/* Read once per packet, as one aligned 64-bit word. slot 0: no policy, nothing passes. */
struct esc_port_word {
	esc_u32 slot;       /* block number in `blobs` where the port's policy starts */
	esc_u32 generation; /* what flows remember; differs whenever anything that judged them has changed */
};
ESC_ASSERT_SIZE(struct esc_port_word, 8);

/*
 * What still counts of a port's past: asked only about a flow that remembers another generation than the port has now.
 * Generations grow. Between the flip of a policy and the moment when all other tables are in place they are odd, then
 * even: what an odd one has judged is judged once more, whatever was declared. `kept` and `ended` are one aligned word,
 * stored before the port's own word, so whoever sees the new generation sees them.
 */
struct esc_port_past {
	esc_u32 kept;   /* a generation from here on: no policy is asked again, all else is */
	esc_u32 ended;  /* one below this: the flow ends */
	esc_u64 judge;  /* the agent's own: what judges by the present word; stored after it */
	esc_u32 before; /* slot that the present one took the place of */
	esc_u32 pad;
};
ESC_ASSERT_SIZE(struct esc_port_past, 24);

/* Port 0 is none, and `judge` of its past is the host's turn: odd while the ports of a change flip, one after the other.
 * Who needs two policies then takes both as they were before, unless both have flipped. */
#define ESC_PAST_TURN 0

/* A block of the blobs map: 32 16-bit words, one cache line. Block 0 is never used. */
#define ESC_BLOCK_WORDS 32
struct esc_block {
	esc_u16 w[ESC_BLOCK_WORDS];
};
ESC_ASSERT_SIZE(struct esc_block, 64);

struct esc_mac_key {
	esc_u8 mac[6];
	esc_u16 pad;
};
ESC_ASSERT_SIZE(struct esc_mac_key, 8);

struct esc_addr_key {
	esc_u32 net;
	esc_u32 addr;
};
ESC_ASSERT_SIZE(struct esc_addr_key, 8);

#define ESC_ADDR_FORWARD 0x01 /* the port has IP forwarding */

struct esc_addr {
	esc_u32 host; /* fabric address of the port's host; 0: this host */
	esc_u32 port; /* port number on that host */
	esc_u8 mac[6];
	esc_u8 flags; /* ESC_ADDR_* */
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_addr, 16);

/*
 * Routes. A table is named by its content (src/compile/route.c), so what a number means never changes while a port has
 * it: new tables are written before ports get them, old ones removed afterwards.
 */
struct esc_route_key {
	esc_u32 prefixlen; /* 32 (the table, always whole) + length of the prefix */
	esc_u32 table;
	esc_u32 addr;
};
ESC_ASSERT_SIZE(struct esc_route_key, 12);

enum esc_hop {
	ESC_HOP_NONE = 0,      /* drop: no-route */
	ESC_HOP_NETWORK = 1,   /* inside network `net`, the port's own or a peer: only addresses in `addrs` exist */
	ESC_HOP_INTERNET = 2,  /* source translation, then the uplink */
	ESC_HOP_APPLIANCE = 3, /* to the port that has the address `via` in network `net`, if it forwards */
	ESC_HOP_GATEWAY = 4,   /* drop: gateway */
};

/* What two networks take from one another of what began in neither; both, where `net` is the port's own. */
#define ESC_BORDER_OUT 0x01 /* `net` takes it from the port's network */
#define ESC_BORDER_IN  0x02 /* the port's network takes it from `net` */

struct esc_route {
	esc_u16 hop;   /* enum esc_hop */
	esc_u16 flags; /* ESC_BORDER_*; NETWORK and APPLIANCE */
	esc_u32 net;   /* VNI; 0: an appliance's address that is in no network within reach */
	esc_u32 via;   /* APPLIANCE */
};
ESC_ASSERT_SIZE(struct esc_route, 12);

/*
 * Ports of other hosts that have IP forwarding, by MAC. From their host, and with their MAC as the inner source, come
 * packets of any source address, to ports whose `space` says that `addr` is in `net`.
 */
struct esc_forwarder {
	esc_u32 host; /* fabric address */
	esc_u32 net;
	esc_u32 addr;
};
ESC_ASSERT_SIZE(struct esc_forwarder, 12);

#define ESC_PEER_HOST 0x01 /* may send packets of networks */
#define ESC_PEER_EDGE 0x02 /* may send packets with ESC_VNI_EDGE */

/*
 * Endpoints, at the edge: (public address, port, protocol) -> who gets the packet. Looked up as
 * (vip, port, proto), then (vip, 0, 0) for an address that is one instance's own, then
 * (vip, 0, 255) for replies to translated outbound flows.
 */
struct esc_endpoint_key {
	esc_u32 vip;
	esc_u16 port;
	esc_u8 proto;
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_endpoint_key, 8);

enum esc_endpoint_kind {
	ESC_EP_ONE = 1,      /* `one` is the only back end */
	ESC_EP_BALANCED = 2, /* a Maglev table: blob, layout below */
	ESC_EP_SNAT = 3,     /* owner by port block: blob, layout below; of IPv6 only without one */
};

enum esc_distribution {
	ESC_DIST_TUPLE5 = 0,
	ESC_DIST_SOURCE = 1,       /* source and destination address */
	ESC_DIST_SOURCE_PROTO = 2, /* and the protocol */
};

struct esc_backend {
	esc_u32 host; /* fabric address; 0: this host */
	esc_u32 port; /* port number on that host */
	esc_u8 mac[6];
	esc_u16 ask; /* at work: its host may find that another has the flow; 0 in tables */
};
ESC_ASSERT_SIZE(struct esc_backend, 16);

struct esc_endpoint {
	esc_u8 kind; /* esc_endpoint_kind */
	esc_u8 distribution;
	esc_u16 pad;
	esc_u32 slot; /* first block of its blob; kinds BALANCED and SNAT. BALANCED with 0: no back
	               * end. SNAT with 0: the address is in use, and no block of it is anybody's */
	struct esc_backend one;
	esc_u32 access; /* first block of its access list; 0: everybody may */
	esc_u32 pad2;
};
ESC_ASSERT_SIZE(struct esc_endpoint, 32);

/*
 * Blob of a BALANCED endpoint, 16-bit words:
 *   block 0: w[0] number of back ends n (1..4095), w[1] Maglev table size m (a prime, or 1), w[2] number of further
 *            tables (0..2), rest zero
 *   blocks 1..: n esc_backend records, two a block (16 words each; the upper 8 words zero)
 *   then from word table = 32 * (1 + (n + 1) / 2): m entries, each an index of a back end: who gets new flows. 0xffff:
 *   nobody, since all are down
 *   then the further tables, of m entries each: who may have the TCP connections there that this one does not know, and
 *   those that neither knows. 0xffff: nobody else, also in the tables that follow. No index twice in one place.
 * Blob of a SNAT owner:
 *   block 0: w[0] n, w[1] number of port blocks m, w[2] shift (a block is 1 << shift ports),
 *            w[3] first port (1024), rest zero
 *   then records and m entries as above; index 0xffff: the block is nobody's
 */
#define ESC_BLOB_NOBODY 0xffff
#define ESC_BLOB_TABLES 3
#define ESC_SNAT_FIRST  1024
#define ESC_SNAT_PORTS  64000

/* Endpoints, at the port's own host: what the public pair means in private. */
struct esc_dnat_key {
	esc_u32 port; /* port number */
	esc_u32 vip;
	esc_u16 vport; /* 0 with proto 0: every port, one to one */
	esc_u8 proto;
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_dnat_key, 12);

#define ESC_DNAT_STANDARD 0x01 /* closed unless a security group allows it */

struct esc_dnat {
	esc_u32 addr; /* private address */
	esc_u16 port; /* private port; 0: the same */
	esc_u8 flags;
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_dnat, 8);

/* Source translation of what leaves by the uplink. */
struct esc_snat_key {
	esc_u32 port; /* port number */
	esc_u32 addr; /* private source address */
};
ESC_ASSERT_SIZE(struct esc_snat_key, 8);

struct esc_snat {
	esc_u32 addr;  /* public address */
	esc_u16 first; /* first port of the range (host order); with count 0: one to one, ports kept */
	esc_u16 count; /* ports in the range: a power of two */
};
ESC_ASSERT_SIZE(struct esc_snat, 8);

/*
 * Policy blob. Two directions, one classification each: the subnet's and the NIC's lists are composed at compile
 * time. src/compile/policy.h tells the idea; here is the layout. Places are block numbers counted from the start of the
 * blob, every section begins at a block, and what follows a section's last entry is zero unless said otherwise.
 *
 *   The blob begins with four struct esc_policy_dir of two blocks each: [2 * family + direction].
 *   Rules have positions: the first list's rules are 0, 1, ... and the second list's begin at the next multiple of
 *     ESC_POLICY_LINE. A *line* is a block of 512 bits, one for each of as many positions, and a *group* is the
 *     positions of one line: the first list has groups 0 .. split - 1, the second split .. groups - 1.
 *   A dimension finds the rules that a value matches: the largest i with start[i] <= value is its interval, classes[i]
 *     (16 bits each) its class, and the class is `spans` blocks at rows + spans * class, each a struct esc_policy_row
 *     about the next ESC_POLICY_ROW_LINES groups. spans = groups / ESC_POLICY_ROW_LINES, rounded up, at least 1.
 *   Starts are a search tree, level upon level, the root first. A level of *shift* s holds each (1 << s)th start,
 *     0 first: ((count - 1) >> s) + 1 of them. Values of 32 bits stand 16 to a block, and shifts are multiples of 4;
 *     those of 128 bits (high half first, each half in host order) stand 4 to a block, and shifts are multiples of 2.
 *     The levels are those with (count - 1) >> s above 0, down to shift 0. What is left of a level's last block is all
 *     ones.
 *   rules: 32 bits for each position of all groups: the rule's number, and ESC_POLICY_ALLOW.
 *
 * A header matches the rules in the AND of its five rows: the first of a list decides. The first list of a
 * direction is the subnet's inbound and the NIC's outbound. A list that is not there allows, with rule 0; one that is
 * there and has no match denies, with rule 0. When the first list denies, the second is not asked and its rule is 0.
 * ICMP is classified with both ports 0. A rule that restricts a port applies to TCP and UDP alone: the compiler leaves
 * every other protocol out of its protocol set, so that port 0 never matches it.
 */
#define ESC_POLICY_OUT       0
#define ESC_POLICY_IN        1
#define ESC_POLICY_V4        0
#define ESC_POLICY_V6        1
#define ESC_POLICY_LINE      512
#define ESC_POLICY_ROW_LINES 20
#define ESC_POLICY_SPANS     2                                             /* so at most 40 groups */
#define ESC_POLICY_UNITS     (ESC_POLICY_SPANS * ESC_POLICY_ROW_LINES / 4) /* 32-bit words of a class's rows */
#define ESC_POLICY_CUTS      (1u << 20)                                    /* largest count of intervals */

/* What a class says of 20 groups. Bit 8 * (g % 4) + w of words[g / 4]: word w (of 64 bits) of group g's line is not 0. */
struct esc_policy_row {
	esc_u32 words[ESC_POLICY_ROW_LINES / 4];
	esc_u16 line[ESC_POLICY_ROW_LINES]; /* at `lines` of the dimension; where words has no bit, of no meaning */
	esc_u16 pad[2];
};
ESC_ASSERT_SIZE(struct esc_policy_row, 64);

struct esc_policy_dim {
	esc_u32 count; /* intervals */
	esc_u32 starts, classes, rows, lines;
};

/* A block each, since the data path sees one at a time. */
struct esc_policy_head {
	struct esc_policy_dim src, dst, sport;
	esc_u32 blocks; /* of the whole blob, for bounds */
};
ESC_ASSERT_SIZE(struct esc_policy_head, 64);

struct esc_policy_tail {
	struct esc_policy_dim dport, proto;
	esc_u32 rules;
	esc_u16 split, groups;
	esc_u16 flags; /* ESC_POLICY_* */
	esc_u16 pad[7];
};
ESC_ASSERT_SIZE(struct esc_policy_tail, 64);

struct esc_policy_dir {
	struct esc_policy_head head;
	struct esc_policy_tail tail;
};
#define ESC_POLICY_HEADER (4 * sizeof(struct esc_policy_dir) / sizeof(struct esc_block)) /* blocks */

/*
 * An access list, at the edge: a blob that begins with this. `source` is a dimension without rows and lines: its classes
 * are places in `verdicts`, 32 bits each: the deciding rule's number, 0 for none, and ESC_POLICY_ALLOW.
 */
struct esc_access {
	struct esc_policy_dim source;
	esc_u32 verdicts;
	esc_u32 blocks; /* of the whole blob */
	esc_u32 pad[9];
};
ESC_ASSERT_SIZE(struct esc_access, 64);
#define ESC_ACCESS_BLOCKS 256 /* no list is longer: 50 rules are at most 40 */

#define ESC_POLICY_NO_GROUP 0x01 /* no security group at all: Standard addresses stay closed */
#define ESC_POLICY_FIRST    0x02 /* there is a first list */
#define ESC_POLICY_SECOND   0x04

#define ESC_POLICY_ALLOW 0x80000000u

/*
 * Flows: one entry per direction, both made with the first packet. The key is the tuple as it
 * arrives, at the port it concerns: dir FROM for packets that a port of this host sends, dir TO
 * for packets that reach a port from its network over the overlay, dir PUBLIC for those that reach
 * it from an edge (its own, or another host's), dir PROBE for those of this host's prober. A
 * conversation between two ports of this host has two FROM entries. ICMP echo: a request has its identifier as source port and 0 as destination
 * port, a reply the other way round, so that two hosts may ping each other with one identifier.
 *
 * The partner of an entry is never stored: its key is the entry's translated tuple, reversed, at
 * `peer` with dir FROM when there is a peer; else at the same port, where FROM meets TO (delivery
 * overlay), PUBLIC (delivery uplink) or PROBE (delivery prober) and these meet FROM.
 */
enum esc_flow_dir { ESC_FLOW_FROM = 0, ESC_FLOW_TO = 1, ESC_FLOW_PUBLIC = 2, ESC_FLOW_PROBE = 3 };

/*
 * Health probes. The prober speaks from the platform address and calls a port by an address of its own world: its number
 * and the index of its private address in the low bits. No packet with such an address ever leaves the host.
 */
#define ESC_PROBE_NET                  0x64400000u /* 100.64.0.0, host order */
#define ESC_PROBE_PLACE(number, index) (ESC_PROBE_NET + (number)*ESC_PORT_ADDRS + (index))
#define ESC_PROBER_MAC                                                                                                 \
	{                                                                                                              \
		0x0a, 0xe5, 0xca, 0xff, 0xff, 0x01                                                                     \
	}

struct esc_flow_key {
	esc_u32 saddr;
	esc_u32 daddr;
	esc_u16 sport;
	esc_u16 dport;
	esc_u8 proto;
	esc_u8 dir;
	esc_u16 port; /* port number */
};
ESC_ASSERT_SIZE(struct esc_flow_key, 16);

/* The flags of an entry share their byte with its enum esc_delivery. */
#define ESC_FLOW_DELIVERY 0x07
#define ESC_FLOW_REPLY    0x08 /* the opener went the other way; judged by the opener's tuple */
#define ESC_FLOW_NAT      0x10 /* addresses or ports change */
#define ESC_FLOW_STANDARD 0x20 /* came by a Standard public address */

#define ESC_TCP_NEW      0x01 /* a SYN only so far */
#define ESC_TCP_OPEN     0x02 /* both sides have been heard */
#define ESC_TCP_FIN      0x04 /* this direction has sent FIN */
#define ESC_TCP_RST      0x08
#define ESC_TCP_STATE    0x0f
#define ESC_TCP_SCALE    4 /* above: the window scale that this direction has offered, or */
#define ESC_TCP_NO_SCALE 15

struct esc_flow {
	esc_u32 seen;            /* jiffies, low half, of the last packet; written when it changes */
	esc_u32 generation;      /* of the port in the key */
	esc_u32 peer_generation; /* of the local peer, where there is one */
	esc_u16 peer;            /* port number of the local peer; 0: overlay or uplink */
	esc_u16 ring;            /* slot of the opener in its owner's ring */
	esc_u8 flags;            /* ESC_FLOW_*, enum esc_delivery */
	esc_u8 tcp;              /* ESC_TCP_*, window scale */
	esc_u16 ack;             /* TCP: upper half of what this direction has acknowledged: window.h */
	esc_u32 seq;             /* TCP: the end of what this direction has sent */
	esc_u32 saddr, daddr;    /* after translation; the same as in the key without */
	esc_u16 sport, dport;
	esc_u8 dmac[6];
	esc_u16 owner;   /* port number whose quota it counts against */
	esc_u32 out;     /* PEER, TAP, UPLINK: ifindex; OVERLAY: fabric address of the host */
	esc_u32 vni;     /* OVERLAY: of the network; dir TO: fabric address of the only host that may send these */
	esc_u32 packets; /* wraps: readers take differences */
	esc_u64 bytes;
};
ESC_ASSERT_SIZE(struct esc_flow, 64);

/*
 * A conversation on its way from one host to another, with a port that moves: what the pipeline of the host that takes it
 * cannot ask its tables for. All else is judged there, as if it began (bpf/stage/import.h).
 */
struct esc_moved_side {
	esc_u64 bytes;
	esc_u32 packets;
	esc_u32 seq;
	esc_u32 idle; /* since the side was last seen, in ticks of the data path's clock */
	esc_u16 ack;
	esc_u8 tcp;
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_moved_side, 24);

struct esc_moved {
	struct esc_flow_key key; /* of the opener's entry, with the port's number on the host that takes it */
	esc_u32 saddr, daddr;    /* after translation */
	esc_u16 sport, dport;
	esc_u8 sender[6]; /* inner source MAC of the opener's packets, as judge.h asks for */
	esc_u16 peer;     /* the local port at the other end must be this one; 0: there is none, or any */
	struct esc_moved_side opener, other;
};
ESC_ASSERT_SIZE(struct esc_moved, 88);

/* Where the search for a ring slot and for a source port goes on; both only ever grow. */
struct esc_hand {
	esc_u32 ring;
	esc_u32 snat;
};
ESC_ASSERT_SIZE(struct esc_hand, 8);

/* Events that a port has had in the current second. */
struct esc_budget {
	esc_u32 second;
	esc_u32 used;
};
ESC_ASSERT_SIZE(struct esc_budget, 8);

/*
 * The token buckets of a port. A word is debt (low half) and the tick of the last packet that passed (high half), changed
 * as one. Debt counts in parts of a token, as many as there are ticks a second, so no rounding loses any; all zero is a
 * full bucket.
 */
struct esc_limits {
	esc_u64 word[ESC_LIMITS];
};
ESC_ASSERT_SIZE(struct esc_limits, 32);

/* A datagram whose first fragment has passed: what its other fragments have to know. See bpf/stage/fragment.h. */
struct esc_fragment {
	esc_u32 saddr, daddr;
	esc_u32 id;   /* as on the wire */
	esc_u32 seen; /* tick of the first fragment */
	esc_u16 sport, dport;
	esc_u16 end; /* of the first fragment, in bytes: where the next may begin */
	esc_u8 proto;
	esc_u8 dir;  /* ESC_FLOW_* */
	esc_u8 icmp; /* type */
	esc_u8 used; /* 0: an empty place */
	esc_u16 pad[3];
};
ESC_ASSERT_SIZE(struct esc_fragment, 32);

#define ESC_FRAGMENT_WAYS    8
#define ESC_FRAGMENT_SETS    8   /* of a port, and of each part of the public addresses: a power of two */
#define ESC_FRAGMENT_REGIONS 512 /* parts of the public addresses, by their low bits */
#define ESC_FRAGMENT_SECONDS 3

struct esc_fragments {
	struct esc_fragment way[ESC_FRAGMENT_WAYS];
};
ESC_ASSERT_SIZE(struct esc_fragments, 256);

struct esc_count {
	esc_u64 packets;
	esc_u64 bytes;
};
ESC_ASSERT_SIZE(struct esc_count, 16);

/*
 * What the pipeline decided, as data: TEST_RUN performs no redirect, so tests of the kernel build
 * read this map, and the native build fills the same structure.
 */
struct esc_effect {
	esc_u32 verdict;  /* enum esc_verdict */
	esc_u32 delivery; /* enum esc_delivery */
	esc_u32 ifindex;
	esc_u32 vni;
	esc_u32 remote;  /* fabric address */
	esc_u32 port;    /* the port charged with the verdict; 0: uplink */
	esc_u32 rule[2]; /* rule numbers behind a policy verdict, first and second list */
};
ESC_ASSERT_SIZE(struct esc_effect, 32);

/* What the XDP build of the edge leaves for tc in front of the packet (data_meta). */
#define ESC_MARK_MAGIC 0x45534331u
struct esc_mark {
	esc_u32 magic;
	struct esc_backend to;
	esc_u32 pad;
};
ESC_ASSERT_SIZE(struct esc_mark, 24);
