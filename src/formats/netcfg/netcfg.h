/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic network configurations (.netcfg): one file of all virtual networks of a subscription, in XML.
 *
 * Concept. Every site becomes the resource that a template would declare:
 *
 *   VirtualNetworkSite            virtualNetworks, with its subnets and the addresses of its DNS servers
 *   LocalNetworkSite              localNetworkGateways
 *   Gateway                       virtualNetworkGateways in the subnet "GatewaySubnet", with a public address
 *   LocalNetworkSiteRef, IPsec    connections (IPsec) between the two
 *   LocalNetworkSiteRef, Dedicated  a second gateway, of type ExpressRoute, and its connection to the circuit of the
 *                                 site's name, which the file only refers to
 *
 * What the file does not say is taken as its users would find it: a gateway is route-based, and its sku is the
 * profile's. A connection has no key: keys were set by a call of their own.
 *
 * Accepted are the whole document, and a VirtualNetworkConfiguration or VirtualNetworkSite alone, as published texts
 * show them. Schema: "Azure Virtual Network Configuration Schema" (jj157100).
 */
#pragma once
#include "formats/xml/emit.h"

/* TRUE when the file's root is one of the three. */
gboolean netcfg_is(const struct xml *x);
/*
 * Adds the documents of the file to `m` and lines to `notes` (char *) for what nothing is made of. FALSE and error
 * with file, line and element on failure.
 */
gboolean netcfg_read(struct emit *m, GPtrArray *notes, GError **error);
