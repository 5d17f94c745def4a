/* SPDX-License-Identifier: Apache-2.0 */
/* How the cases speak: packets from somewhere to somewhere, what must not pass and what must. */
#pragma once
#include "twin.h"
#include "world.h"

/* A case that runs for both families: frame_family. */
void scene_both(const char *path, void (*test)(void));
void scene_six(const char *path, void (*test)(void)); /* for IPv6 alone */
/* The flow at a key as specs have it; without addresses and MAC for IPv6. */
gboolean scene_flow(struct twin *w, const struct esc_flow_key *key, struct esc_flow *flow);

/* Specs with the right MACs for where the frame enters. SYN for TCP, echo request for ICMP, no payload beyond 4 bytes.
 */
struct frame_spec scene_from(guint32 port, guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport, guint16 dport);
struct frame_spec scene_outside(guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport, guint16 dport);
struct frame_spec scene_overlay(guint32 port, guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport,
                                guint16 dport);

/* The frame must die for this reason, charged to this port, with its counter, and unchanged. */
void scene_drop(struct twin *w, const struct twin_in *in, struct frame *f, enum esc_verdict reason, guint32 charged);
/* The frame must go on, with good checksums; answers where to. */
struct esc_effect scene_pass(struct twin *w, const struct twin_in *in, struct frame *f);

/* The same from specs; with the frame that came out in *out when out is not NULL. */
void port_drop(struct twin *w, guint32 port, const struct frame_spec *s, enum esc_verdict reason, guint32 charged);
struct esc_effect port_pass(struct twin *w, guint32 port, const struct frame_spec *s, struct frame *out);
void edge_drop(struct twin *w, const struct frame_spec *s, enum esc_verdict reason, guint32 charged);
void edge_drop_tc(struct twin *w, const struct frame_spec *s, enum esc_verdict reason, guint32 charged);
struct esc_effect edge_pass(struct twin *w, const struct frame_spec *s, struct frame *out);
void overlay_drop(struct twin *w, guint32 vni, guint32 remote, const struct frame_spec *s, enum esc_verdict reason,
                  guint32 charged);
struct esc_effect overlay_pass(struct twin *w, guint32 vni, guint32 remote, const struct frame_spec *s,
                               struct frame *out);

/* What is in a frame, in host order. */
void frame_is(const struct frame *f, guint32 saddr, guint32 daddr, guint16 sport, guint16 dport);
void frame_macs(const struct frame *f, const guint8 from[6], const guint8 to[6]);

void cases_register(void);
void cases_capture_register(void);
void cases_flow_register(void);
void cases_guard_register(void);
void cases_limit_register(void);
void cases_fragment_register(void);
void cases_address_register(void);
void cases_big_register(void);
void cases_attack_register(void);
void cases_race_register(void);
void cases_skb_register(void);
void cases_nat_register(void);
void cases_icmp_register(void);
void cases_random_register(void);
void cases_policy_register(void);
void cases_fixture_register(void);
void cases_change_register(void);
void cases_move_register(void);
void cases_access_register(void);
void cases_bad_register(void);
void cases_ipv6_register(void);
void cases_nd_register(void);
void cases_window_register(void);
void cases_stream_register(void);
void cases_health_register(void);
