/* SPDX-License-Identifier: Apache-2.0 */
/* The verdicts of abi/verdict.def in words. */
#pragma once
#include "abi/verdict.h"

const char *verdict_name(unsigned code);    /* the JSON name; "unknown" for none of ours */
const char *verdict_help(const char *name); /* what it means; "" for none of ours */
