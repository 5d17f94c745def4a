/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cloud services: a definition (.csdef) and a configuration (.cscfg) in, documents out.
 *
 * Concept. The definition says which roles there are and by which endpoints they are reached; the configuration says
 * how many instances each has, and where they stand. Every part becomes the resource that a template would declare, so
 * that all that follows knows one kind of network:
 *
 *   service S                 loadBalancers S (Basic) with the front end "public", publicIPAddresses S or the reserved
 *                             address, availabilitySets S; without a VirtualNetworkSite, virtualNetworks S of its own
 *   role R, instance I        virtualMachines and networkInterfaces R_IN_I; applicationSecurityGroups and
 *                             networkSecurityGroups S.R
 *   InputEndpoint             loadBalancingRules R.E, with its probe and access control
 *   InstanceInputEndpoint     inboundNatRules R_IN_I.E: the range's ports in the order of the instances
 *   RemoteAccess              inboundNatRules R_IN_I-rdp from a port of 49152 to 65535
 *   InternalEndpoint          a rule of the role's security group
 *
 * Who reaches an instance. "Role instances communicate over the endpoints that are declared"; all else is closed:
 *   1. the private ports of input and instance endpoints, from anywhere: whether the way from outside is open is said by
 *      the endpoint and its access control;
 *   2. the ports of internal endpoints, from the roles that the NetworkTrafficRules naming the endpoint allow; without
 *      such a rule from every role of the service, and within a named virtual network from all of it;
 *   3. remote desktop (TCP 3389) while it is switched on: the role imports RemoteAccess, its setting "Enabled" is true,
 *      its account has not expired, and some role imports RemoteForwarder and has that one enabled, as without it the
 *      original lets nobody in;
 *   4. the platform's probes;
 *   5. nothing.
 *
 * Ports. localPort "*" and an internal endpoint without a port are "any free one" in the original: here 20000 and up, in
 * the order of the endpoints of the role. The ports of remote desktop are random in the original; here they are a hash
 * of subscription, group, service, role and instance, so that planning twice gives the same ports and adding an instance
 * moves no other. They are uniform, not secret: what protects a machine is that it is closed.
 *
 * Names are compared ignoring case. Where the original refuses and no rule can be lost by going on (a setting without a
 * value, a role without a configuration), a note says what was taken instead.
 *
 * Sources: "Cloud Services definition schema" and "configuration schema" (WebRole, WorkerRole, LoadBalancerProbe,
 * NetworkTrafficRules, NetworkConfiguration), and semantics of the platform's documentation.
 */
#pragma once
#include "formats/xml/emit.h"

gboolean cloudservice_is_definition(const struct xml *x);
gboolean cloudservice_is_configuration(const struct xml *x);
/* The name by which a configuration and its definition belong together; "" when it is missing. Borrowed. */
const char *cloudservice_name(const struct xml *x);

/*
 * Adds the documents of one service to `m` (whose `x` is set here) and lines to `notes`. `configuration` may be NULL:
 * one instance of each role. `now`: seconds since 1970, against which accounts expire. FALSE and error on failure.
 */
gboolean cloudservice_read(struct emit *m, const struct xml *definition, const struct xml *configuration, gint64 now,
                           GPtrArray *notes, GError **error);
