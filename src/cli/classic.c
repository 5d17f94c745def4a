/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/classic.h"

#include "formats/cloudservice/cloudservice.h"
#include "formats/netcfg/netcfg.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

gboolean classic_is(const char *file)
{
	char head[256];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(head) - 1);
	const char *p = head;

	if (fd >= 0)
		close(fd);
	if (got < 2)
		return FALSE;
	head[got] = '\0';
	if (memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0)
		return TRUE; /* UTF-16, which no template is written in */
	if (got >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	return p[strspn(p, " \t\r\n")] == '<';
}

struct files {
	GPtrArray *definitions, *configurations, *networks; /* struct xml, borrowed */
};

static gboolean sort_out(struct files *f, struct xml *x, GError **error)
{
	if (netcfg_is(x))
		g_ptr_array_add(f->networks, x);
	else if (cloudservice_is_definition(x))
		g_ptr_array_add(f->definitions, x);
	else if (cloudservice_is_configuration(x))
		g_ptr_array_add(f->configurations, x);
	else
		return xml_fail(x, xml_root(x), error,
		                "it is neither a service definition, a service configuration nor a network "
		                "configuration; name another file");
	return TRUE;
}

static struct xml *partner(const GPtrArray *list, const struct xml *x)
{
	for (guint i = 0; i < list->len; i++) {
		struct xml *other = list->pdata[i];

		if (g_ascii_strcasecmp(cloudservice_name(x), cloudservice_name(other)) == 0)
			return other;
	}
	return NULL;
}

/* Every configuration has a definition, and no definition two configurations. */
static gboolean check_pairs(const struct files *f, GError **error)
{
	for (guint i = 0; i < f->configurations->len; i++) {
		const struct xml *x = f->configurations->pdata[i];

		if (partner(f->configurations, x) != x)
			return xml_fail(x, xml_root(x), error,
			                "another configuration of this service is given as well; name one of them");
		if (f->definitions->len == 1 && f->configurations->len == 1)
			return TRUE;
		if (!partner(f->definitions, x))
			return xml_fail(x, xml_root(x), error,
			                "no definition of the service '%.80s' is given; name its .csdef too",
			                cloudservice_name(x));
	}
	return f->definitions->len || !f->configurations->len;
}

static gboolean read_services(const struct files *f, struct emit *m, GPtrArray *notes, GError **error)
{
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;

	if (!check_pairs(f, error))
		return FALSE;
	for (guint i = 0; i < f->definitions->len; i++) {
		const struct xml *x = f->definitions->pdata[i];
		gboolean alone = f->definitions->len == 1 && f->configurations->len == 1;

		if (partner(f->definitions, x) != x)
			return xml_fail(x, xml_root(x), error,
			                "another definition of this service is given as well; name one of them");
		if (!cloudservice_read(m, x, alone ? f->configurations->pdata[0] : partner(f->configurations, x), now,
		                       notes, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_all(const struct files *f, struct emit *m, GPtrArray *notes, GError **error)
{
	for (guint i = 0; i < f->networks->len; i++) {
		m->x = f->networks->pdata[i];
		if (!netcfg_read(m, notes, error))
			return FALSE;
	}
	return read_services(f, m, notes, error);
}

gboolean classic_read(struct source *s, const GPtrArray *files, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)xml_free);
	struct files f = {g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new()};
	struct emit m = {NULL, s->subscription, s->group, s->documents};
	gboolean good = TRUE;

	for (guint i = 0; good && i < files->len; i++) {
		struct xml *x = xml_parse_file(g_ptr_array_index(files, i), error);

		good = x && sort_out(&f, x, error);
		if (x)
			g_ptr_array_add(all, x);
	}
	good = good && read_all(&f, &m, s->notes, error);
	g_ptr_array_unref(f.definitions);
	g_ptr_array_unref(f.configurations);
	g_ptr_array_unref(f.networks);
	return good;
}
