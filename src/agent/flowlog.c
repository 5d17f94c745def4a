/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flowlog.h"

#include "agent/flow_walk.h"
#include "agent/flowlog_file.h"
#include "agent/flowlog_pending.h"
#include "agent/flowlog_track.h"
#include "agent/flows.h"
#include "agent/internal.h"
#include "agent/rulebook.h"
#include "lib/ip6.h"

#include "abi/verdict.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define TICK_MS     200
#define ROUND_US    G_USEC_PER_SEC /* between the beginnings of two rounds, at least */
#define HOUSE_EVERY 3600           /* seconds between two looks at what is too old */

struct flowlog {
	struct agent *agent;
	char *directory;
	struct flowlog_track *track; /* NULL: nothing is logged */
	struct flowlog_pending *pending;
	struct flow_walk walk;
	gint64 round_from, rest_until; /* monotonic */
	gint64 flushed, kept_house;    /* seconds */
	guint timer;
	guint32 clock;   /* the data path's, at the end of the round */
	gint64 spent_ns; /* of the processor, for reading the table */
	gboolean complained;
	guint32 budget[ESC_MAX_PORTS]; /* tuples of this minute */
	guint64 recorded[ESC_MAX_PORTS], lost[ESC_MAX_PORTS];
};

static gint64 real_seconds(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static gint64 processor_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (gint64)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- tuples --- */

/* The last list's rule where there are two: as Azure tells it. */
static const struct table_rule *last_rule(const struct table_rule *const rules[2])
{
	return rules[1] ? rules[1] : rules[0];
}

static void add(struct flowlog *l, const struct table_rule *r, guint port, const struct flowlog_tuple *t)
{
	const struct table_port *p = ports_find(l->agent->tables, port);
	char *group = r && r->log_version && p ? flowlog_group(r->id) : NULL;

	if (!group)
		return;
	if (l->budget[port] >= FLOWLOG_TUPLES) {
		l->lost[port]++;
		g_free(group);
		return;
	}
	l->budget[port]++;
	flowlog_pending_add(l->pending, group, flowlog_rule(r->id), flowlog_tuple_text(t, r->log_version), port,
	                    p->port.mac, r->log_version);
}

static void add_side(struct flowlog *l, const struct flowlog_news *n, const struct table_rule *r, guint port,
                     gboolean inbound)
{
	g_autofree char *source = ip_format(ntohl(n->key->saddr));
	g_autofree char *destination = ip_format(ntohl(inbound ? n->opener->daddr : n->key->daddr));
	const struct flowlog_tuple t = {.epoch = real_seconds(),
	                                .source = source,
	                                .destination = destination,
	                                .source_port = ntohs(n->key->sport),
	                                .destination_port = ntohs(inbound ? n->opener->dport : n->key->dport),
	                                .protocol = n->key->proto,
	                                .inbound = inbound,
	                                .allowed = TRUE,
	                                .state = n->state,
	                                .packets = n->packets,
	                                .bytes = n->bytes,
	                                .back_packets = n->back_packets,
	                                .back_bytes = n->back_bytes};

	add(l, r, port, &t);
}

static void tell_flow(const struct flowlog_news *n, gpointer user)
{
	struct flowlog *l = user;
	const struct table_rule *rules[4];

	if (n->key->proto != IPPROTO_TCP && n->key->proto != IPPROTO_UDP)
		return; /* the format has no letter for others */
	rulebook_ask(l->agent, n->key, n->opener, rules);
	if (n->key->dir == ESC_FLOW_FROM) {
		add_side(l, n, last_rule(&rules[0]), n->key->port, FALSE);
		if (n->opener->peer)
			add_side(l, n, last_rule(&rules[2]), n->opener->peer, TRUE);
	} else {
		add_side(l, n, last_rule(&rules[2]), n->key->port, TRUE);
	}
}

static char *event_address(const struct esc_event *e, const struct esc_ip6 *a)
{
	struct ip6 six;

	if (e->family != 6)
		return ip_format(ntohl(a->w[0]));
	memcpy(six.b, a->w, sizeof(six.b));
	return ip6_format(six);
}

void flowlog_event(struct flowlog *l, const struct esc_event *e)
{
	gboolean inbound = e->verdict == ESC_V_POLICY_IN;
	const struct table_rule *rules[2] = {rulebook_rule(l->agent, e->rule[0]), rulebook_rule(l->agent, e->rule[1])};
	guint32 address = e->daddr.w[0];
	guint16 port = e->dport;

	if (!l->track || (!inbound && e->verdict != ESC_V_POLICY_OUT) || e->port >= ESC_MAX_PORTS ||
	    (e->proto != IPPROTO_TCP && e->proto != IPPROTO_UDP))
		return;
	if (e->dir == ESC_FLOW_PUBLIC && e->family != 6)
		rulebook_destination(l->agent, e->port, e->proto, &address, &port);
	g_autofree char *source = event_address(e, &e->saddr);
	g_autofree char *destination = e->family == 6 ? event_address(e, &e->daddr) : ip_format(ntohl(address));
	const struct flowlog_tuple t = {.epoch = real_seconds(),
	                                .source = source,
	                                .destination = destination,
	                                .source_port = ntohs(e->sport),
	                                .destination_port = ntohs(port),
	                                .protocol = e->proto,
	                                .inbound = inbound,
	                                .state = FLOWLOG_BEGIN};
	add(l, last_rule(rules), e->port, &t);
}

/* --- files --- */

static void on_written(guint port, guint tuples, const GError *error, gpointer user)
{
	struct flowlog *l = user;

	if (error) {
		l->lost[port] += tuples;
		if (!l->complained)
			g_warning("flow log: %s", error->message);
		l->complained = TRUE;
		return;
	}
	l->recorded[port] += tuples;
	l->complained = FALSE;
}

static void flush(struct flowlog *l)
{
	flowlog_pending_write(l->pending, l->directory, g_get_real_time(), on_written, l);
	memset(l->budget, 0, sizeof(l->budget));
	l->flushed = real_seconds();
}

static void expire_group(struct flowlog *l, const char *group, guint days, gint64 now)
{
	static const guint8 nobody[6];
	g_autofree char *path = flowlog_path(group, nobody, now);
	char *hour = strstr(path, "/y=");

	if (hour)
		*hour = '\0';
	flowlog_expire(l->directory, path, days, now);
}

/* What is older than the documents say, and the oldest where there is too much. */
static void keep_house(struct flowlog *l)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const GPtrArray *rules = l->agent->tables->rules;

	l->kept_house = real_seconds();
	for (guint i = 0; i < rules->len; i++) {
		const struct table_rule *r = rules->pdata[i];
		char *group = r->log_version && r->log_days ? flowlog_group(r->id) : NULL;

		if (group && g_hash_table_add(seen, group))
			expire_group(l, group, r->log_days, l->kept_house);
	}
	flowlog_bound(l->directory, FLOWLOG_BYTES_MAX);
}

/* --- reading the table --- */

static gboolean is_wanted(const struct agent *a)
{
	for (guint i = 0; a->hash && i < a->tables->rules->len; i++)
		if (((const struct table_rule *)a->tables->rules->pdata[i])->log_version)
			return TRUE;
	return FALSE;
}

static guint32 idle_ms(const struct esc_flow *f, gpointer user)
{
	struct flowlog *l = user;

	return flows_idle_ms(l->agent, f, l->clock);
}

static void end_round(struct flowlog *l)
{
	l->clock = flows_now(l->agent);
	flowlog_track_round(l->track, real_seconds(), idle_ms, tell_flow, l);
	flow_walk_restart(&l->walk);
	l->round_from = 0;
}

/* One batch; at the end of the table what it told. */
static void read_on(struct flowlog *l)
{
	gint64 from = processor_ns(), spent;

	if (!l->round_from)
		l->round_from = g_get_monotonic_time();
	if (flow_walk_next(&l->walk, l->agent->objects->flows))
		for (guint i = 0; i < l->walk.count; i++)
			flowlog_track_see(l->track, &l->walk.keys[i], &l->walk.values[i]);
	if (l->walk.done) {
		gint64 next = l->round_from + ROUND_US;

		end_round(l);
		l->rest_until = MAX(l->rest_until, next);
	}
	spent = processor_ns() - from;
	l->spent_ns += spent;
	l->rest_until = MAX(l->rest_until, g_get_monotonic_time() + spent / 1000 * (100 / FLOWLOG_SHARE - 1));
}

static void begin(struct flowlog *l)
{
	if (mkdir(l->directory, 0750) == 0)
		chmod(l->directory, 0750);
	flow_walk_init(&l->walk);
	l->track = flowlog_track_new();
	l->flushed = real_seconds();
	keep_house(l);
}

static void end(struct flowlog *l)
{
	flush(l);
	flow_walk_clear(&l->walk);
	g_clear_pointer(&l->track, flowlog_track_free);
}

static gboolean on_tick(gpointer user)
{
	struct flowlog *l = user;
	gboolean wanted = is_wanted(l->agent);
	gint64 now = real_seconds();

	if (wanted && !l->track)
		begin(l);
	if (!wanted && l->track)
		end(l);
	if (!l->track)
		return G_SOURCE_CONTINUE;
	if (g_get_monotonic_time() >= l->rest_until)
		read_on(l);
	if (now - l->flushed >= FLOWLOG_FLUSH || now / 3600 != l->flushed / 3600)
		flush(l);
	if (now - l->kept_house >= HOUSE_EVERY)
		keep_house(l);
	return G_SOURCE_CONTINUE;
}

static void read_all(struct flowlog *l)
{
	flow_walk_restart(&l->walk);
	while (flow_walk_next(&l->walk, l->agent->objects->flows))
		for (guint i = 0; i < l->walk.count; i++)
			flowlog_track_see(l->track, &l->walk.keys[i], &l->walk.values[i]);
	end_round(l);
}

void flowlog_farewell(struct flowlog *l, const gboolean gone[ESC_MAX_PORTS])
{
	if (!l->track)
		return;
	read_all(l);
	flowlog_track_part(l->track, gone, real_seconds(), tell_flow, l);
}

void flowlog_now(struct flowlog *l)
{
	if (!l->track)
		return;
	read_all(l);
	flush(l);
}

/* --- the whole --- */

struct flowlog *flowlog_new(struct agent *a, const char *directory)
{
	struct flowlog *l = g_new0(struct flowlog, 1);

	l->agent = a;
	l->directory = g_build_filename(directory, FLOWLOG_CONTAINER, NULL);
	l->pending = flowlog_pending_new();
	l->timer = g_timeout_add(TICK_MS, on_tick, l);
	return l;
}

void flowlog_free(struct flowlog *l)
{
	if (!l)
		return;
	g_source_remove(l->timer);
	if (l->track)
		end(l);
	flowlog_pending_free(l->pending);
	g_free(l->directory);
	g_free(l);
}

guint64 flowlog_recorded(const struct flowlog *l, guint port)
{
	return l->recorded[port];
}

guint64 flowlog_lost(const struct flowlog *l, guint port)
{
	return l->lost[port];
}

gdouble flowlog_seconds(const struct flowlog *l)
{
	return (gdouble)l->spent_ns / 1e9;
}

struct node *flowlog_tell(const struct flowlog *l)
{
	struct node *n = node_object();
	guint64 recorded = 0, lost = 0;

	for (guint i = 0; i < ESC_MAX_PORTS; i++) {
		recorded += l->recorded[i];
		lost += l->lost[i];
	}
	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "on", node_bool(l->track != NULL));
	node_set(n, "directory", node_string(l->directory));
	node_set(n, "recorded", node_int((gint64)recorded));
	node_set(n, "lost", node_int((gint64)lost));
	node_set(n, "flows", node_int(l->track ? flowlog_track_count(l->track) : 0));
	return n;
}
