/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the prober may still ask of the kernel once it runs: sockets of two kinds, memory, time, its main loop. Every other
 * call fails, so whoever takes it over through an answer cannot open a file, start a program or listen.
 */
#pragma once
#include <glib.h>

/* For good, of the whole process. Libraries are initialised before. */
gboolean sandbox_enter(GError **error);
