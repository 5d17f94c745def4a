/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel twin: both objects loaded once with shared maps, tables installed as an agent would, packets by TEST_RUN.
 */
#pragma once
#include "explain/native.h"
#include "twin.h"

struct kernel;

struct kernel *kernel_open(void); /* NULL: not permitted here */
void kernel_close(struct kernel *k);
void kernel_reset(struct kernel *k); /* no tables, no flows, counters zero, time zero */
void kernel_load(struct kernel *k,
                 struct native *like); /* the tables that the native twin holds, generations included */
void kernel_advance(struct kernel *k, guint64 milliseconds);
/* `out` may be shorter or longer than what went in; `returned` is the program's return value. */
struct esc_effect kernel_run(struct kernel *k, const struct twin_in *in, struct frame *f, guint32 *returned,
                             struct esc_mark *mark);
void kernel_forget_siblings(struct kernel *k); /* the programs for IPv6 leave their places, */
void kernel_put_siblings(struct kernel *k);    /* and are back */
guint64 kernel_drops(struct kernel *k, guint32 port, enum esc_verdict v);
guint kernel_race(struct kernel *k, guint32 port, GArray *frames, guint processors); /* see twin_race */
int kernel_import(struct kernel *k, const struct esc_moved *m);                      /* the verdict */
int kernel_import6(struct kernel *k, const struct esc_moved6 *m);
/* Fails the test when what the data path wrote differs from the native twin's. */
void kernel_compare(struct kernel *k, struct native *n);
