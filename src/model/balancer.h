/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers and their parts: what their files share, and what graph.c and types.c call. Private to src/model. */
#pragma once
#include "model/build.h"

void load_balancer_declare(struct build *b, const struct document *d);
void pool_declare(struct build *b, const struct document *d);
void nat_rule_declare(struct build *b, const struct document *d);
void load_balancer_link(struct build *b, struct load_balancer *l);
void load_balancer_check(struct build *b, struct load_balancer *l);
void load_balancer_free(struct load_balancer *l);
/* balancing.c: the rules of a load balancer and their parts */
struct frontend *frontend_new(const struct spot *s, const char *id, struct load_balancer *l);
struct probe *probe_new(const struct spot *s, const char *id);
struct lb_rule *lb_rule_new(const struct spot *s, const char *id);
struct nat_rule *nat_rule_new(const struct spot *s, const char *id);
void frontend_link(struct build *b, struct frontend *f);
void lb_rule_link(struct build *b, struct lb_rule *r, const struct load_balancer *l);
void nat_rule_link(struct build *b, struct nat_rule *r, const struct load_balancer *l);
void frontend_free(struct frontend *f);
void pool_free(struct pool *p);
void probe_free(struct probe *p);
void lb_rule_free(struct lb_rule *r);
void nat_rule_free(struct nat_rule *r);
/* nat_pool.c: ports in a row, one for each instance of a scale set */
struct nat_pool *nat_pool_new(const struct spot *s, const char *id, struct load_balancer *l);
void nat_pool_link(struct build *b, struct nat_pool *p, const struct load_balancer *l);
void nat_pool_free(struct nat_pool *p);
/* Makes the rule that gives an instance of a scale set its port; `s`: the reference to the pool. */
void nat_pool_add(struct nat_pool *p, struct ip_config *c, const struct spot *s);
/* balancing.c: a front end, pool or probe of the same load balancer; another's would join what two people own. */
gpointer follow_own(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required,
                    const struct load_balancer *l);
enum rule_protocol read_transport(const struct spot *s); /* "Tcp", "Udp", or "All", which is both */

/* access_control.c: of the rule or port at the spot; NULL without one. */
struct access_control *access_control_read(const struct spot *s);
void access_control_free(struct access_control *a);
