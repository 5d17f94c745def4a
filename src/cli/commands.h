/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of the command table run: one file each. */
#pragma once
#include "cli/options.h"

int cmd_up(const struct invocation *i);
int cmd_plan(const struct invocation *i);
int cmd_trace(const struct invocation *i);
int cmd_exec(const struct invocation *i);
int cmd_status(const struct invocation *i);
int cmd_probe(const struct invocation *i);
int cmd_drops(const struct invocation *i);
int cmd_flows(const struct invocation *i);
int cmd_events(const struct invocation *i);
int cmd_metrics(const struct invocation *i);
int cmd_upgrade(const struct invocation *i);
int cmd_vm_create(const struct invocation *i);
int cmd_life(const struct invocation *i); /* "vm stop" and others: what is done to what is deployed */
int cmd_down(const struct invocation *i);
