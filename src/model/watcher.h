/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network watchers and the flow logs in them: whose flows are to be written down, and how. Those of security groups are, by
 * each host's agent; other targets are recorded.
 */
#pragma once
#include "model/graph.h"

struct watcher {
	struct noun noun;
	GPtrArray *flow_logs; /* struct flow_log, in order of id */
};

struct flow_log {
	struct noun noun;
	struct watcher *watcher;
	/* One of these, or neither: of another subscription; its id is there then. */
	struct security_group *group;
	struct network *network;
	struct subnet *subnet;
	struct nic *nic;
	char *target_id;
	char *storage_id; /* of the storage account that the log goes to */
	gboolean enabled;
	guint version;        /* of the format: 1, or 2 with counts of bytes */
	guint retention_days; /* 0: for ever */
};
