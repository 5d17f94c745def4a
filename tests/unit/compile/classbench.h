/* SPDX-License-Identifier: Apache-2.0 */
/* Rule sets as ClassBench writes them, a rule a line: @source/n destination/n first : last first : last protocol/mask. */
#pragma once
#include "compile/policy.h"

/* The rules of a file in order, every second one allowing, numbered from 1. NULL: it cannot be read. */
GPtrArray *classbench_read(const char *path);
/* Paths of the sets below ESCARP_SHARED (or `shared`), sorted; empty where they are not. */
GPtrArray *classbench_paths(const char *shared);
