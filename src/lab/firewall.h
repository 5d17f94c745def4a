/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nftables in the current network namespace, through the library: the net below the programs.
 *
 * What a port program lets pass never reaches the kernel's own stack, since the programs redirect; so the ingress hook
 * of every port device drops whatever gets that far. That is what keeps a port closed when its program is gone.
 */
#pragma once
#include <glib.h>

/* Runs one ruleset as one transaction. */
gboolean firewall_run(const char *ruleset, GError **error);
/* An ingress chain with policy drop on this device. It must exist; a second call changes nothing. */
gboolean firewall_close_device(const char *device, GError **error);
/* For a device that is gone: its chain, if there is one. */
void firewall_forget_device(const char *device);
