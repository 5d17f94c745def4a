/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/support.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct fleet *fleet_new(guint ack_seconds)
{
	struct fleet *f = g_new0(struct fleet, 1);
	f->directory = g_dir_make_tmp("escarp-controller-XXXXXX", NULL);
	f->file = g_build_filename(f->directory, "store.db", NULL);
	f->store_socket = g_build_filename(f->directory, "store.sock", NULL);
	f->control_socket = g_build_filename(f->directory, "control.sock", NULL);
	f->ack_seconds = ack_seconds;
	f->progress = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < HOSTS; i++)
		f->agents[i].host = i;
	return f;
}

static void agents_stop(struct fleet *f)
{
	for (guint i = 0; i < HOSTS; i++) {
		struct agent *a = &f->agents[i];
		g_clear_pointer(&a->watch, store_watch_free);
		g_clear_pointer(&a->store, store_close);
		g_clear_pointer(&a->hash, g_free);
		g_clear_pointer(&a->word, moved_free);
	}
	f->running = FALSE;
}

void fleet_free(struct fleet *f)
{
	if (f->controller)
		fleet_stop(f, SIGTERM);
	GDir *d = g_dir_open(f->directory, 0, NULL);
	const char *name;
	while ((name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(f->directory, name, NULL);
		g_unlink(path);
	}
	g_dir_close(d);
	g_rmdir(f->directory);
	for (guint i = 0; i < HOSTS; i++) {
		g_free(f->agents[i].refuses);
		g_free(f->agents[i].only);
	}
	g_ptr_array_unref(f->progress);
	g_free(f->directory);
	g_free(f->file);
	g_free(f->store_socket);
	g_free(f->control_socket);
	g_free(f);
}

/* As the real one: the word counts with the tables of its revision. */
static void agent_move(struct agent *a, guint64 revision)
{
	g_autofree char *asked = g_strdup_printf("/run/move/%u", a->host),
	                *told = g_strdup_printf("/run/moved/%u", a->host);
	struct store_entry *e = store_get(a->store, asked, NULL);
	g_clear_pointer(&a->word, moved_free);
	a->word = e ? moved_parse(e->value, NULL) : NULL;
	store_entry_free(e);
	if (a->word && a->word->revision != revision)
		g_clear_pointer(&a->word, moved_free);
	g_autoptr(GBytes) report = a->word && !a->word->arrives && a->tells ? a->tells(a->word) : NULL;
	if (report)
		g_assert_cmpint(store_put(a->store, told, report, NULL), >, 0);
}

static void agent_take(struct agent *a, GBytes *bytes)
{
	GError *error = NULL;
	g_autoptr(tables) t = tables_parse(bytes, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(t->host, ==, a->host);
	g_free(a->hash);
	a->hash = tables_hash(t);
	a->seen++;
	a->live = t->live;
	agent_move(a, t->revision);
	if (a->manner == SILENT)
		return;
	gboolean refuses =
	        a->manner == REFUSE || !g_strcmp0(a->hash, a->refuses) || (a->only && g_strcmp0(a->hash, a->only) != 0);
	char *text = g_strdup_printf("{\"hash\":\"%s\",\"ok\":%s,\"error\":\"%s\"}",
	                             refuses && a->unreadable ? ""
	                             : a->lies                ? "00"
	                                                      : a->hash,
	                             refuses ? "false" : "true", refuses ? "no room for it" : "");
	g_autoptr(GBytes) ack = g_bytes_new_take(text, strlen(text));
	g_autofree char *key = g_strdup_printf("/run/ack/%u", a->host);
	store_put(a->store, key, ack, NULL);
}

static void agent_event(GPtrArray *events, const GError *error, gpointer user)
{
	struct agent *a = user;
	g_autofree char *key = g_strdup_printf("/run/tables/%u", a->host);
	for (guint i = 0; !error && i < events->len; i++) {
		const struct store_event *e = g_ptr_array_index(events, i);
		if (!strcmp(e->key, key) && e->value)
			agent_take(a, e->value);
	}
}

static void agent_start(struct fleet *f, struct agent *a)
{
	g_autofree char *address = g_strconcat("unix:", f->store_socket, NULL);
	g_autofree char *key = g_strdup_printf("/run/tables/%u", a->host);
	GError *error = NULL;
	gint64 revision;
	a->store = store_open(address, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) now = store_range(a->store, key, &revision, &error);
	g_assert_no_error(error);
	a->watch = store_watch(a->store, key, revision + 1, agent_event, a, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < now->len; i++) {
		const struct store_entry *e = g_ptr_array_index(now, i);
		if (!strcmp(e->key, key))
			agent_take(a, e->value);
	}
}

static void control(struct fleet *f)
{
	const struct store_grant all = {getuid(), "/", TRUE};
	GArray *usual = f->usual_grants ? controller_grants(HOSTS) : NULL;
	const struct store_grant *grants = usual ? (const struct store_grant *)(gpointer)usual->data : &all;
	const struct controller_settings s = {f->file,        f->store_socket, f->control_socket,     HOSTS,
	                                      f->ack_seconds, grants,          usual ? usual->len : 1};
	GError *error = NULL;
	g_autoptr(GMainContext) context = g_main_context_new();
	g_main_context_push_thread_default(context);
	/* Its warnings are expected here; they must not end it. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_log_set_fatal_mask(NULL, G_LOG_FATAL_MASK);
	struct controller *c = controller_new(&s, &error);
	if (!c) {
		fprintf(stderr, "# %s\n", error->message);
		_exit(1);
	}
	for (;;)
		g_main_context_iteration(context, TRUE);
}

static gboolean reachable(struct fleet *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path, f->control_socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gboolean ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return ok;
}

void fleet_start(struct fleet *f)
{
	pid_t parent = getpid();
	fflush(NULL);
	f->controller = fork();
	g_assert_cmpint(f->controller, >=, 0);
	if (!f->controller) {
		/* Whatever becomes of the test, its controller does not stay. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
			_exit(1);
		control(f);
	}
	for (guint i = 0; i < 2000 && !reachable(f); i++) {
		g_assert_cmpint(waitpid(f->controller, NULL, WNOHANG), ==, 0);
		g_usleep(5000);
	}
	for (guint i = 0; i < HOSTS; i++)
		agent_start(f, &f->agents[i]);
	f->running = TRUE;
}

void fleet_stop(struct fleet *f, int with)
{
	agents_stop(f);
	kill(f->controller, with);
	waitpid(f->controller, NULL, 0);
	f->controller = 0;
}

void fleet_manner(struct fleet *f, enum manner manner)
{
	for (guint i = 0; i < HOSTS; i++)
		f->agents[i].manner = manner;
}

int fleet_send(struct fleet *f, const char *request)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path, f->control_socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&a, sizeof(a)), ==, 0);
	gsize left = strlen(request);
	while (left) {
		gssize sent = send(fd, request, left, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		request += sent;
		left -= (gsize)sent;
	}
	send(fd, "\n", 1, MSG_NOSIGNAL);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

struct node *fleet_answer(struct fleet *f, int fd)
{
	g_autoptr(GString) all = g_string_new(NULL);
	char chunk[65536];
	gssize got;
	for (guint i = 0; i < 40000; i++) {
		while (g_main_context_iteration(NULL, FALSE))
			;
		got = recv(fd, chunk, sizeof(chunk), 0);
		if (got > 0)
			g_string_append_len(all, chunk, got);
		else if (got == 0 || errno != EAGAIN)
			break;
		else
			g_usleep(500);
	}
	close(fd);
	g_ptr_array_set_size(f->progress, 0);
	g_auto(GStrv) lines = g_strsplit(g_strchomp(all->str), "\n", -1);
	guint n = g_strv_length(lines);
	for (guint i = 0; i + 1 < n; i++)
		g_ptr_array_add(f->progress, g_strdup(lines[i]));
	if (!n || !*lines[n - 1])
		return NULL;
	GError *error = NULL;
	struct node *last = node_parse(lines[n - 1], strlen(lines[n - 1]), "answer", &error);
	g_assert_no_error(error);
	return last;
}

struct node *fleet_ask(struct fleet *f, const char *request)
{
	return fleet_answer(f, fleet_send(f, request));
}

void fleet_until_settled(struct fleet *f)
{
	for (guint i = 0; i < 400; i++) {
		g_autoptr(node) s = fleet_ask(f, "{\"op\":\"status\"}");
		gboolean settled = !node_truth(node_get(s, "deploying"), TRUE);
		for (guint host = 0; host < HOSTS; host++)
			settled =
			        settled && node_truth(node_get(node_item(node_get(s, "hosts"), host), "acked"), FALSE);
		if (settled)
			return;
		g_usleep(20000);
	}
	g_error("the fleet does not settle");
}

char *fleet_value(struct fleet *f, const char *key)
{
	GError *error = NULL;
	struct store_entry *e = store_get(f->agents[0].store, key, &error);
	g_assert_no_error(error);
	char *text = e ? g_strndup(g_bytes_get_data(e->value, NULL), g_bytes_get_size(e->value)) : NULL;
	store_entry_free(e);
	return text;
}

gint64 fleet_modified(struct fleet *f, const char *key)
{
	struct store_entry *e = store_get(f->agents[0].store, key, NULL);
	gint64 revision = e ? e->mod_revision : 0;
	store_entry_free(e);
	return revision;
}

guint fleet_count(struct fleet *f, const char *prefix)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) all = store_range(f->agents[0].store, prefix, NULL, &error);
	g_assert_no_error(error);
	return all->len;
}

static void add(struct node *list, const char *group, const char *type, const char *name, const char *properties)
{
	GError *error = NULL;
	g_autofree char *text = g_strdup_printf(
	        "{\"type\":\"%s\",\"name\":\"%s\",\"location\":\"here\",\"properties\":%s}", type, name, properties);
	g_autoptr(node) resource = node_parse(text, strlen(text), "test", &error);
	g_assert_no_error(error);
	struct document *d = document_new("s", group, type, name, resource, "test.json", "$.resources[0]");
	d->line = resource->line = 7;
	node_append(list, document_to_node(d));
	document_free(d);
}

char *fleet_deploy(const char *group, const char *vms, const char *more)
{
	g_autoptr(node) list = node_array();
	g_auto(GStrv) names = g_strsplit(vms, ",", -1);
	g_autofree char *base = g_strdup_printf("/subscriptions/s/resourceGroups/%s/providers/Microsoft.", group);
	add(list, group, "Microsoft.Network/virtualNetworks", "net",
	    "{\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/16\"]},\"subnets\":[{\"name\":\"a\",\"properties\":"
	    "{\"addressPrefix\":\"10.0.1.0/24\"}}]}");
	for (guint i = 0; names[i] && *names[i]; i++) {
		g_autofree char *nic = g_strdup_printf("%s-nic", names[i]);
		g_autofree char *of_nic =
		        g_strdup_printf("{\"ipConfigurations\":[{\"name\":\"one\",\"properties\":{\"subnet\":{\"id\":"
		                        "\"%sNetwork/virtualNetworks/%s/subnets/a\"}}}]}",
		                        base, strchr(names[i], '!') ? "gone" : "net");
		g_autofree char *of_vm = g_strdup_printf(
		        "{\"networkProfile\":{\"networkInterfaces\":[{\"id\":\"%sNetwork/networkInterfaces/%s\"}]}}",
		        base, nic);
		add(list, group, "Microsoft.Network/networkInterfaces", nic, of_nic);
		add(list, group, "Microsoft.Compute/virtualMachines", names[i], of_vm);
	}
	g_autofree char *documents = node_print(list, FALSE);
	return g_strdup_printf("{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"%s\",\"documents\":%s%s}", group,
	                       documents, more ? more : "");
}
