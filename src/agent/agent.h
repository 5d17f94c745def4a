/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: makes one host's kernel equal its tables, and reports back. It decides nothing.
 *
 * It runs inside the host's namespace with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, watches /run/tables/K in the store,
 * and acknowledges what is in force. Killed at any moment it leaves everything in force (pins); started again it first
 * makes sure that this is still so, and only then listens to the store.
 */
#pragma once
#include <glib.h>

int agent_run(const char *lab, guint host);
