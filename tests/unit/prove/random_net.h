/* SPDX-License-Identifier: Apache-2.0 */
/* Random networks as templates: small, and made so that rules, addresses and ports meet often. */
#pragma once
#include "scene.h"

#define RANDOM_VMS 5

/* Ports and outside addresses that the rules are about. */
extern const guint16 random_ports[];
extern const guint random_port_count;
extern const char *const random_outside[];
extern const guint random_outside_count;

/* A template; the same seed gives the same text. Caller frees. */
char *random_template(GRand *r);
/* The template built and allocated; `seed` only names it. */
struct scene random_scene(GRand *r, guint seed, guint hosts);
