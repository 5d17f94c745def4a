/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small worlds for tests: documents as text, in JSON with single quotes. "~" in a text stands for the ids of this
 * subscription and group,
 * "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/".
 */
#pragma once
#include "compile/compile.h"

struct kit {
	GPtrArray *texts; /* char *: {"type", "name", "subscription", "properties"} */
};

struct kit *kit_new(void);
void kit_free(struct kit *k);
typedef struct kit kit;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kit, kit_free)
/* `type` without "Microsoft.Network/", or with a provider of its own. Properties: printf format. */
void kit_add(struct kit *k, const char *type, const char *name, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* Of the document that was added last. */
void kit_sku(struct kit *k, const char *sku);
void kit_subscription(struct kit *k, const char *subscription); /* other than "s" */
void kit_remove(struct kit *k, const char *name);
/* A NIC "NAME-nic" in the subnet ("v/subnets/web") and its VM; `more` goes into the configuration, `nic` into the NIC
 * ("" or ",'…': …"). */
void kit_vm(struct kit *k, const char *name, const char *subnet, const char *more, const char *nic);
/* Aborts on errors. `order`: documents are shuffled by it; 0: as added. */
struct graph *kit_graph(const struct kit *k, guint order);

struct nic *kit_nic(const struct graph *g, const char *name);
const struct ip_config *kit_config(const struct graph *g, const char *nic);
struct public_address *kit_public(const struct graph *g, const char *name);
/* Row with this key; NULL: none. */
const void *kit_row(GArray *rows, const void *key, gsize size);
