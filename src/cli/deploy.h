/* SPDX-License-Identifier: Apache-2.0 */
/* Handing documents to a lab's controller. */
#pragma once
#include "cli/source.h"
#include "lib/node.h"

/* The request of a deployment; the caller owns it. */
struct node *deploy_request(const struct invocation *i, const struct source *s, gboolean dry_run, GError **error);
/* Sends it (taken), shows progress on stderr; the controller's last answer, or NULL and error. */
struct node *deploy_send(const struct invocation *i, struct node *request, GError **error);
