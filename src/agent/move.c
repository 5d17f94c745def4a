/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/move.h"
#include "lab/error.h"

#include "import.skel.h"
#include "import6.skel.h"

#include <bpf/bpf.h>
#include <string.h>

struct importer {
	struct import_bpf *four;
	struct import6_bpf *six;
};

struct importer *importer_new(const struct objects *o, GError **error)
{
	struct importer *i = g_new0(struct importer, 1);

	i->four = import_bpf__open();
	i->six = import6_bpf__open();
	if (!i->four || !i->six) {
		lab_fail_errno(error, "cannot open the BPF objects of a move");
	} else {
		i->four->rodata->esc_hz = i->six->rodata->esc_hz = o->hz;
		if (objects_share(o, i->four->obj, error) && objects_share(o, i->six->obj, error) &&
		    objects_loaded(import_bpf__load(i->four), "moves", error) &&
		    objects_loaded(import6_bpf__load(i->six), "moves, for IPv6", error))
			return i;
	}
	importer_free(i);
	return NULL;
}

void importer_free(struct importer *i)
{
	if (!i)
		return;
	import_bpf__destroy(i->four);
	import6_bpf__destroy(i->six);
	g_free(i);
}

/* The program looks at no packet, but the kernel wants one. */
static int run(int map, const void *record, int program)
{
	guint8 frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame), .repeat = 1);

	if (bpf_map_update_elem(map, &(guint32){0}, record, BPF_ANY) || bpf_prog_test_run_opts(program, &options))
		return -1;
	return (int)options.retval;
}

int importer_take(struct importer *i, const struct esc_moved *m)
{
	return run(bpf_map__fd(i->four->maps.arrival), m, bpf_program__fd(i->four->progs.import_flow));
}

int importer_take6(struct importer *i, const struct esc_moved6 *m)
{
	return run(bpf_map__fd(i->six->maps.arrival6), m, bpf_program__fd(i->six->progs.import_flow6));
}

gboolean move_prepare(struct agent *a, GError **error)
{
	if (!a->importer)
		a->importer = importer_new(a->objects, error);
	return a->importer != NULL;
}

struct move *move_new(struct moved *word)
{
	struct move *m = g_new0(struct move, 1);

	m->word = word;
	m->stays = g_array_new(FALSE, FALSE, sizeof(struct esc_moved));
	m->stays6 = g_array_new(FALSE, FALSE, sizeof(struct esc_moved6));
	return m;
}

void move_free(struct move *m)
{
	if (!m)
		return;
	moved_free(m->word);
	g_clear_pointer(&m->out, moved_free);
	g_array_unref(m->stays);
	g_array_unref(m->stays6);
	g_free(m);
}

static gint place_of(const struct agent *a, guint number)
{
	const struct table_port *p = a->move && !a->move->word->arrives ? ports_find(a->tables, number) : NULL;

	return p ? moved_find(a->move->word, p->label) : -1;
}

gboolean move_leaves(const struct agent *a, guint number)
{
	return place_of(a, number) >= 0;
}

void move_export(struct agent *a, const gboolean gone[ESC_MAX_PORTS])
{
	g_autofree guint16 *place = g_new0(guint16, ESC_MAX_PORTS);
	struct move *m = a->move;
	gboolean any = FALSE;

	for (guint n = 1; m && n < ESC_MAX_PORTS; n++) {
		place[n] = gone[n] ? (guint16)(place_of(a, n) + 1) : 0;
		any |= place[n] != 0;
	}
	if (!any)
		return;
	m->out = moved_new(m->word->revision, FALSE);
	for (guint i = 0; i < m->word->labels->len; i++)
		g_ptr_array_add(m->out->labels, g_strdup(m->word->labels->pdata[i]));
	move_read(a, place, m->out->flows, m->stays);
	move_read6(a, place, m->out->flows6, m->stays6);
}

static guint16 number_of(const struct tables *t, const char *label)
{
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];

		if (!g_ascii_strcasecmp(p->label, label))
			return (guint16)p->number;
	}
	return 0;
}

/* A port that was here before has its conversations already: the word is read again when an agent starts. */
static void import_arrivals(const struct agent *a, const struct move *m, const struct tables *t)
{
	const struct moved *w = m->word;
	g_autofree guint16 *numbers = g_new0(guint16, w->labels->len + 1);

	for (guint i = 0; i < w->labels->len; i++)
		numbers[i] = number_of(a->tables, w->labels->pdata[i]) ? 0 : number_of(t, w->labels->pdata[i]);
	guint taken = move_take(a->importer, t, w->flows, numbers) + move_take6(a->importer, t, w->flows6, numbers);
	g_message("%u of %u conversations came along", taken, w->flows->len + w->flows6->len);
}

void move_import(struct agent *a, const struct tables *t)
{
	struct move *m = a->move;

	if (!m || !a->importer)
		return;
	if (m->word->arrives) {
		import_arrivals(a, m, t);
		return;
	}
	for (guint i = 0; i < m->stays->len; i++)
		importer_take(a->importer, &g_array_index(m->stays, struct esc_moved, i));
	for (guint i = 0; i < m->stays6->len; i++)
		importer_take6(a->importer, &g_array_index(m->stays6, struct esc_moved6, i));
}
