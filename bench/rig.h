/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs under measurement, their tables, and what they are measured beside (bench.bpf.c), ready to run.
 *
 * TEST_RUN gives a program the same packet again, as the last run left it, which is where such figures lie. Here the
 * tables are made so that what comes out is a proper packet to go in again, so there is no undo step to subtract: all
 * ports have the gateway's MAC, and public addresses translate into themselves, so that the rewriting runs whole (the
 * checksum helpers too) and changes nothing. Where packets have to differ, `vary` writes their headers each time.
 */
#pragma once
#include "tests/pipeline/frame.h"
#include "tests/pipeline/world.h"

struct rig;

enum rig_program { RIG_NOTHING, RIG_MINIMAL, RIG_INSERTER, RIG_PORT }; /* behind vary */

#define RIG_FLOWS  (2 * ESC_RINGS_DEFAULT) /* as many as `flows` is made for */
#define RIG_FIRST  30000                   /* first packets of one sample, into an empty table */
#define RIG_RULES  10000
#define RIG_OWN    WORLD_ADDR(1, 4)
#define RIG_PEER   WORLD_ADDR(1, 5)
#define RIG_PUBLIC WORLD_PUBLIC(20)

struct rig *rig_open(void); /* NULL: programs cannot be loaded here */
void rig_close(struct rig *r);
void rig_tables(struct rig *r, guint rules); /* outbound rules of the sender; flows are cleared */
void rig_fill(struct rig *r, guint flows);   /* established flows, in `flows` and in the map beside it */

/* Nanoseconds a packet. */
double rig_established(struct rig *r, enum rig_program program, guint flows); /* of `flows`, at random, by vary */
double rig_first(struct rig *r, enum rig_program program, guint headers);     /* of so many headers across the rules */
double rig_first_translated(struct rig *r); /* into a range of ports, from one header; by no program but the port's */
double rig_hot(struct rig *r, enum rig_program program); /* one packet again and again, without vary */
double rig_spoofed(struct rig *r);
double rig_edge(struct rig *r);
double rig_edge_xdp(struct rig *r);
double rig_empty_xdp(struct rig *r);
