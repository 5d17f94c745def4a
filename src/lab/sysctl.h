/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel settings of the current network namespace, written and read back: a setting that did not take is an error. */
#pragma once
#include <glib.h>

/* `name` with slashes, below /proc/sys/net: "ipv4/ip_forward". */
gboolean sysctl_set(const char *name, const char *value, GError **error);

struct sysctl {
	const char *name, *value;
};
/* In the lab silence is an answer, so a connection attempt gives up in seconds instead of two minutes. */
#define SYSCTL_SHORT_SILENCE                                                                                           \
	{                                                                                                              \
		"ipv4/tcp_syn_retries", "2"                                                                            \
	}

/* Ends with a NULL name. */
gboolean sysctl_set_all(const struct sysctl *list, GError **error);
