/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a template is read from: JSON as it is, Bicep through its own compiler where that is installed.
 *
 * Escarp does not read Bicep. `bicep` compiles a .bicep file to a template and a .bicepparam file to a parameters
 * file; without it the error says which command to run.
 */
#pragma once
#include "lib/node.h"

/* A template from FILE.json or FILE.bicep. NULL and error. */
struct node *bicep_template(const char *file, GError **error);
/* Parameters from FILE.json or FILE.bicepparam. NULL and error. */
struct node *bicep_parameters(const char *file, GError **error);
