/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What roles say goes to run/log/ROLE.log, and /run is memory: a log that grew too long keeps its end as ROLE.log.old
 * and begins again. Roles hold their logs open for appending only, so nothing has to tell them.
 */
#pragma once
#include <glib.h>

#define LOGS_MAX_BYTES (4u << 20) /* checked every LOGS_SECONDS, and whenever the supervisor starts */
#define LOGS_KEEP      (1u << 20)
#define LOGS_SECONDS   5

void logs_bound(const char *lab);
