/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds per packet of the programs, by BPF_PROG_TEST_RUN, each beside what it cannot be cheaper than (bench.bpf.c
 * and rig.h say what that is and how it is run).
 *
 * Each value is the median of ROUNDS rounds, and in each round every measurement has its turn, so that all see the same
 * machine. Values include the harness, which `beside.empty` states, and where packets vary the step that varies them;
 * `times` is a value over that of its peer, and `net` the same with the harness taken off both.
 * An argument N stops after the first N turns and takes minima, for work on the programs: what was not measured is 0.
 * The XDP program's mark is left once in a run of repeats; later repeats find no room and go on without it.
 */
#include "bench/rig.h"
#include "bench/sample.h"
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 9

enum what {
	EMPTY, /* harnesses */
	EMPTY_VARIED,
	EMPTY_FIRST,
	EMPTY_XDP,
	MINIMAL, /* peers */
	MINIMAL_LARGE,
	INSERTER,
	HOT, /* ours */
	HOT_RULES,
	LARGE,
	FIRST_1,
	FIRST_RULES,
	FIRST_REPEATED,
	FIRST_TRANSLATED,
	SPOOFED,
	EDGE,
	EDGE_XDP,
	WHATS
};

static struct rig *rig;

static double measure(gpointer what)
{
	switch ((enum what)GPOINTER_TO_INT(what)) {
	case EMPTY:
		return rig_hot(rig, RIG_NOTHING);
	case EMPTY_VARIED:
		return rig_established(rig, RIG_NOTHING, RIG_FLOWS);
	case EMPTY_FIRST:
		return rig_first(rig, RIG_NOTHING, 65536);
	case EMPTY_XDP:
		return rig_empty_xdp(rig);
	case MINIMAL:
		return rig_hot(rig, RIG_MINIMAL);
	case MINIMAL_LARGE:
		return rig_established(rig, RIG_MINIMAL, RIG_FLOWS);
	case INSERTER:
		return rig_first(rig, RIG_INSERTER, 65536);
	case HOT:
	case HOT_RULES:
		return rig_hot(rig, RIG_PORT);
	case LARGE:
		return rig_established(rig, RIG_PORT, RIG_FLOWS);
	case FIRST_1:
	case FIRST_RULES:
		return rig_first(rig, RIG_PORT, 65536);
	case FIRST_REPEATED:
		return rig_first(rig, RIG_PORT, 1);
	case FIRST_TRANSLATED:
		return rig_first_translated(rig);
	case SPOOFED:
		return rig_spoofed(rig);
	case EDGE:
		return rig_edge(rig);
	default:
		return rig_edge_xdp(rig);
	}
}

struct turn {
	guint rules, flows; /* 0: as they are */
	enum what what[6];  /* 0 ends, but for the first */
};

/* What shares tables is measured together, and what is compared stands next to each other. */
static const struct turn turns[] = {
        {1, 1, {EMPTY, MINIMAL, HOT, SPOOFED, EDGE}},
        {0, 0, {EDGE_XDP, EMPTY_XDP}},
        {0, RIG_FLOWS, {EMPTY_VARIED, MINIMAL_LARGE, LARGE}},
        {0, 0, {EMPTY_FIRST, INSERTER, FIRST_1, FIRST_TRANSLATED}},
        {RIG_RULES, 0, {FIRST_RULES, FIRST_REPEATED}},
        {RIG_RULES, 1, {HOT_RULES}},
};

static double samples[WHATS][ROUNDS], value[WHATS];

static void take_turn(const struct turn *t, guint round)
{
	if (t->rules)
		rig_tables(rig, t->rules);
	if (t->flows)
		rig_fill(rig, t->flows);
	for (guint i = 0; i < G_N_ELEMENTS(t->what) && (!i || t->what[i]); i++)
		samples[t->what[i]][round] = sample_take(measure, GINT_TO_POINTER((gint)t->what[i]));
}

/* `name` of value over peer, with and without the harness. */
static void beside(const char *name, enum what what, enum what peer, enum what empty)
{
	double net = (value[what] - value[empty]) / MAX(value[peer] - value[empty], 0.1);

	printf(", \"%s\": %.1f, \"times-%s\": %.2f, \"net-%s\": %.2f", name, value[peer], name,
	       value[what] / value[peer], name, net);
}

static void begin(const char *name, enum what what, enum what empty)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"ns/packet\", \"beside\": {\"empty\": %.1f", name,
	       value[what], value[empty]);
}

static void end(void)
{
	printf("}, \"runs\": %d}\n", ROUNDS);
}

static void print_peers(const char *name, enum what what, enum what empty, enum what peer, const char *peer_name)
{
	begin(name, what, empty);
	if (peer_name)
		beside(peer_name, what, peer, empty);
	end();
}

static void print_results(void)
{
	print_peers("port.established.hot", HOT, EMPTY, MINIMAL, "minimal");
	print_peers("port.established.524288", LARGE, EMPTY_VARIED, MINIMAL_LARGE, "minimal");
	begin("port.established.rules10000", HOT_RULES, EMPTY);
	beside("minimal", HOT_RULES, MINIMAL, EMPTY);
	beside("rules1", HOT_RULES, HOT, EMPTY);
	end();
	begin("port.first.rules10000", FIRST_RULES, EMPTY_FIRST);
	beside("rules1", FIRST_RULES, FIRST_1, EMPTY_FIRST);
	beside("insert", FIRST_RULES, INSERTER, EMPTY_FIRST);
	end();
	begin("port.first.repeated", FIRST_REPEATED, EMPTY_FIRST);
	beside("rules1", FIRST_REPEATED, FIRST_1, EMPTY_FIRST);
	beside("insert", FIRST_REPEATED, INSERTER, EMPTY_FIRST);
	end();
	print_peers("port.first.translated", FIRST_TRANSLATED, EMPTY, EMPTY, NULL);
	print_peers("port.drop.spoofed", SPOOFED, EMPTY, EMPTY, NULL);
	print_peers("edge.tc.established", EDGE, EMPTY, EMPTY, NULL);
	print_peers("edge.xdp.endpoint", EDGE_XDP, EMPTY_XDP, EMPTY_XDP, NULL);
}

int main(int argc, char **argv)
{
	guint wanted = argc > 1 ? (guint)atoi(argv[1]) : G_N_ELEMENTS(turns);

	sample_pin();
	rig = rig_open();
	if (!rig) {
		g_printerr("bench_pipeline: cannot load programs: needs root\n");
		return 1;
	}
	for (guint round = 0; round < ROUNDS; round++) {
		for (guint i = 0; i < MIN(wanted, G_N_ELEMENTS(turns)); i++)
			take_turn(&turns[i], round);
	}
	for (guint what = 0; what < WHATS; what++) {
		value[what] = sample_median(samples[what], ROUNDS);
		if (argc > 1)
			value[what] = samples[what][0];
	}
	print_results();
	fprintf(stderr,
	        "samples: %u kept, %u discarded because of others' use of the processor, %u kept in spite of it\n",
	        WHATS * ROUNDS, sample_discarded(), sample_disturbed());
	rig_close(rig);
	return 0;
}
