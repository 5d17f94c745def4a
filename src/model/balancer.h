/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers and their parts: what their files share, and what the passes and the registry call. Private to src/model. */
#pragma once
#include "model/build.h"

void load_balancer_declare(struct build *b, const struct document *d);
void load_balancer_part_declare(struct build *b, const struct document *d); /* a part that has a document of its own */
void load_balancer_link(struct build *b, struct load_balancer *l);
void load_balancer_free(struct load_balancer *l);
/* balancer_check.c */
void load_balancer_check(struct build *b, struct load_balancer *l);

/* What stands at the spot becomes a part of the load balancer. */
void probe_add(struct load_balancer *l, const struct spot *s, const char *id);         /* balancing.c */
void lb_rule_add(struct load_balancer *l, const struct spot *s, const char *id);       /* balancing.c */
void outbound_rule_add(struct load_balancer *l, const struct spot *s, const char *id); /* balancing.c */
void nat_rule_add(struct load_balancer *l, const struct spot *s, const char *id);      /* inbound_nat.c */
void nat_pool_add(struct load_balancer *l, const struct spot *s, const char *id);      /* inbound_nat.c */
void frontend_add(struct load_balancer *l, const struct spot *s, const char *id);      /* frontend.c */
void pool_add(struct load_balancer *l, const struct spot *s, const char *id);          /* pool.c */

void frontend_link(struct build *b, struct frontend *f);
void pool_link(struct build *b, struct pool *p);
void lb_rule_link(struct build *b, struct lb_rule *r, const struct load_balancer *l);
void outbound_rule_link(struct build *b, struct outbound_rule *r, const struct load_balancer *l);
void nat_rule_link(struct build *b, struct nat_rule *r, const struct load_balancer *l);
void pool_nat_rule_link(struct build *b, struct nat_rule *r, const struct load_balancer *l);
void nat_pool_link(struct build *b, struct nat_pool *p, const struct load_balancer *l);
/* Gives an instance of a scale set its port of the pool; `s`: the reference to the pool. */
void nat_pool_serve(struct nat_pool *p, struct ip_config *c, const struct spot *s);

void frontend_free(struct frontend *f);
void pool_free(struct pool *p);
void probe_free(struct probe *p);
void lb_rule_free(struct lb_rule *r);
void outbound_rule_free(struct outbound_rule *r);
void nat_rule_free(struct nat_rule *r);
void nat_pool_free(struct nat_pool *p);

/* A front end, pool or probe of the same load balancer; another's would join what two people own. */
gpointer follow_own(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required,
                    const struct load_balancer *l);
enum rule_protocol read_transport(const struct spot *s); /* "Tcp", "Udp", or "All", which is both */
guint balancer_idle_most(const struct load_balancer *l); /* minutes */
const char *sku_name(enum sku sku);
/* FALSE and an error when it is not the id of a front end, of whatever subscription. */
gboolean balancer_is_frontend_id(const struct spot *s, const char *dotted, const char *id);

/* access_control.c: of the rule or port at the spot; NULL without one. */
struct access_control *access_control_read(const struct spot *s);
void access_control_free(struct access_control *a);
