/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a predecessor left: maps through their pins, and in files of ours the tables that it had in force and, when it
 * died in a change, those that were to follow. The kernel tells what is true; the files tell what it was called. Where
 * they contradict each other nothing is kept.
 */
#include "agent/internal.h"
#include "lab/error.h"

#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>

static gboolean read_ports(struct agent *a, GError **error)
{
	for (guint32 n = 0; n < ESC_MAX_PORTS; n++)
		if (bpf_map_lookup_elem(a->objects->ports, &n, &a->held_ports[n]) ||
		    bpf_map_lookup_elem(a->objects->ports6, &n, &a->held_ports6[n]))
			return lab_fail_errno(error, "cannot read the ports");
	if (bpf_map_lookup_elem(a->objects->host, &(guint32){0}, &a->held_host))
		return lab_fail_errno(error, "cannot read the host");
	return TRUE;
}

static struct esc_port_word word_of(const struct agent *a, guint number)
{
	guint64 v = __atomic_load_n(&a->objects->words[number], __ATOMIC_RELAXED);
	struct esc_port_word w;

	memcpy(&w, &v, sizeof(w));
	return w;
}

static guint32 blocks_of_words(guint64 words)
{
	return (guint32)((words + ESC_BLOCK_WORDS - 1) / ESC_BLOCK_WORDS);
}

/* A policy tells its own size. */
static gboolean adopt_policy(struct agent *a, guint32 slot)
{
	const struct esc_policy_head *header;

	if (slot + ESC_POLICY_HEADER > a->objects->block_count)
		return FALSE;
	header = (const struct esc_policy_head *)(a->objects->blocks + slot);
	return blobs_adopt(&a->blobs, slot, header->blocks);
}

static gboolean adopt_choice(struct agent *a, guint32 slot)
{
	guint64 n, m;

	if (slot >= a->objects->block_count)
		return FALSE;
	n = a->objects->blocks[slot].w[0];
	m = a->objects->blocks[slot].w[1];
	return blobs_adopt(&a->blobs, slot, blocks_of_words(ESC_BLOCK_WORDS * (1 + (n + 1) / 2) + m));
}

static gboolean adopt_access(struct agent *a, guint32 slot)
{
	const struct esc_access *head;

	if (slot >= a->objects->block_count)
		return FALSE;
	head = (const struct esc_access *)(a->objects->blocks + slot);
	return blobs_adopt(&a->blobs, slot, head->blocks);
}

static gboolean adopt_endpoint(struct agent *a, const struct esc_endpoint *e)
{
	if (e->kind != ESC_EP_ONE && e->slot && !adopt_choice(a, e->slot))
		return FALSE;
	return !e->access || adopt_access(a, e->access);
}

static gboolean adopt_blobs(struct agent *a)
{
	const struct sync *s = &a->syncs[MAP_ENDPOINTS], *six = &a->syncs[MAP_ENDPOINTS6];

	for (guint n = 0; n < ESC_MAX_PORTS; n++) {
		struct esc_port_word w = word_of(a, n);

		a->generation = MAX(a->generation, w.generation);
		a->generation = MAX(a->generation, a->objects->past[n].kept);
		a->generation = MAX(a->generation, a->objects->past[n].ended);
		if (w.slot && !adopt_policy(a, w.slot))
			return FALSE;
	}
	for (guint i = 0; i < sync_count(s); i++) {
		const struct table_endpoint *e = (const struct table_endpoint *)s->held->data + i;

		if (!adopt_endpoint(a, &e->value))
			return FALSE;
	}
	for (guint i = 0; i < sync_count(six); i++) {
		const struct table_endpoint6 *e = (const struct table_endpoint6 *)six->held->data + i;

		if (!adopt_endpoint(a, &e->value))
			return FALSE;
	}
	return TRUE;
}

/* An odd generation was never settled, so the change that gave it is to be made again. */
static guint64 judge_of(const struct agent *a, guint number)
{
	return word_of(a, number).generation & 1 ? 0 : a->objects->past[number].judge;
}

/* Every port in the kernel must have a name in the files: without one it could not even be unplugged. */
static gboolean name_ports(struct agent *a)
{
	for (guint n = 1; n < ESC_MAX_PORTS; n++) {
		const struct table_port *p = ports_find(a->tables, n);
		const struct tables *t = a->tables;

		if (!p && a->resume) {
			t = a->resume;
			p = ports_find(t, n);
		}

		if (!p && !a->held_ports[n].flags && !word_of(a, n).slot)
			continue;
		if (!p)
			return FALSE;
		struct agent_port *port = g_new0(struct agent_port, 1);
		port->request = ports_request(a, t, p);
		port->vm = g_strdup(p->vm);
		port->judge = judge_of(a, n);
		a->ports[n] = port;
	}
	return TRUE;
}

static struct tables *read_kept(const struct agent *a, const char *file)
{
	char *text;
	gsize size;

	if (!g_file_get_contents(file, &text, &size, NULL))
		return NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, size);
	struct tables *t = tables_parse(bytes, NULL);
	if (t && t->host == a->host)
		return t;
	tables_free(t);
	return NULL;
}

gboolean recover(struct agent *a, GError **error)
{
	struct tables *kept = a->objects->fresh ? NULL : read_kept(a, a->kept_file);

	tables_free(a->tables);
	a->tables = kept ? kept : tables_new();
	a->resume = a->objects->fresh ? NULL : read_kept(a, a->next_file);
	for (guint m = 0; m < MAP_COUNT; m++)
		if (!sync_read_back(&a->syncs[m], error))
			return FALSE;
	if (!read_ports(a, error))
		return FALSE;
	if (!adopt_blobs(a))
		return lab_fail(error, "the blobs in force make no sense");
	if (!name_ports(a))
		return lab_fail(error, "there are ports in force that nobody names");
	if (kept)
		a->hash = tables_hash(kept);
	return TRUE;
}
