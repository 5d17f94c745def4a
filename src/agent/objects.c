/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/objects.h"
#include "agent/hz.h"
#include "lab/error.h"

#include "edge6.skel.h"
#include "skeletons.h"
#include "port6.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char *map_pin(const char *pins, const char *name)
{
	return g_strdup_printf("%s/maps/%s", pins, name);
}

/* Maps of the object that have names of their own; .rodata and .bss belong to the programs. */
#define FOR_OWN_MAPS(map, object) bpf_object__for_each_map(map, object) if (!bpf_map__is_internal(map))

static gboolean shape_differs(const struct bpf_map *map, const char *pins)
{
	g_autofree char *path = map_pin(pins, bpf_map__name(map));
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);
	int fd = bpf_obj_get(path);
	gboolean differs;

	if (fd < 0)
		return errno != ENOENT;
	differs = bpf_obj_get_info_by_fd(fd, &info, &length) || info.type != bpf_map__type(map) ||
	          info.key_size != bpf_map__key_size(map) || info.value_size != bpf_map__value_size(map) ||
	          info.max_entries != bpf_map__max_entries(map) || info.map_flags != bpf_map__map_flags(map);
	close(fd);
	return differs;
}

/* Room for policies as the environment asks for it, within bounds; else as the object declares. */
static void size_blobs(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "blobs");
	const char *text = g_getenv(OBJECTS_POLICY_MIB);
	guint64 mib;

	if (!text || !map)
		return;
	if (g_ascii_string_to_unsigned(text, 10, 1, 1024, &mib, NULL))
		bpf_map__set_max_entries(map, (guint32)((mib << 20) / sizeof(struct esc_block)));
	else
		g_warning(OBJECTS_POLICY_MIB "=%.20s is not a number from 1 to 1024: ignored", text);
}

static gboolean maps_differ(struct bpf_object *object, const char *pins)
{
	struct bpf_map *map;

	size_blobs(object);
	FOR_OWN_MAPS(map, object)
	{
		if (shape_differs(map, pins))
			return TRUE;
	}
	return FALSE;
}

gboolean objects_stale(const char *pins)
{
	struct port_bpf *port = port_bpf__open();
	struct port6_bpf *port6 = port6_bpf__open();
	gboolean stale = (port && maps_differ(port->obj, pins)) || (port6 && maps_differ(port6->obj, pins));

	port_bpf__destroy(port);
	port6_bpf__destroy(port6);
	return stale;
}

static void empty_dir(const char *pins, const char *leaf)
{
	g_autofree char *path = g_build_filename(pins, leaf, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *pin = g_build_filename(path, name, NULL);

		unlink(pin);
	}
}

void objects_discard(const char *pins)
{
	empty_dir(pins, "links");
	empty_dir(pins, "maps");
}

static gboolean pin_maps(struct bpf_object *object, const char *pins, GError **error)
{
	struct bpf_map *map;

	size_blobs(object);
	FOR_OWN_MAPS(map, object)
	{
		g_autofree char *path = map_pin(pins, bpf_map__name(map));
		int e = bpf_map__set_pin_path(map, path);

		if (e)
			return lab_fail(error, "cannot pin map %s: %s", bpf_map__name(map), g_strerror(-e));
	}
	return TRUE;
}

gboolean objects_loaded(int e, const char *what, GError **error)
{
	return !e || lab_fail(error, "cannot load the programs of the %s: %s", what, g_strerror(-e));
}

gboolean objects_share(const struct objects *o, struct bpf_object *object, GError **error)
{
	struct bpf_map *map;

	size_blobs(object);
	FOR_OWN_MAPS(map, object)
	{
		g_autofree char *path = map_pin(o->pins, bpf_map__name(map));
		int e = access(path, F_OK) ? 0 : bpf_map__set_pin_path(map, path);

		if (e)
			return lab_fail(error, "cannot use map %s: %s", bpf_map__name(map), g_strerror(-e));
	}
	return TRUE;
}

/* Before anything is attached, so that no packet finds the program missing that it is handed on to. */
static gboolean put_sibling(int map, guint32 index, const struct bpf_program *program, GError **error)
{
	int fd = bpf_program__fd(program);

	return !bpf_map_update_elem(map, &index, &fd, BPF_ANY) ||
	       lab_fail_errno(error, "cannot put a program that others hand on to in its place");
}

static gboolean put_siblings(struct objects *o, GError **error)
{
	int tc = bpf_map__fd(o->port->maps.siblings), xdp = bpf_map__fd(o->port->maps.siblings_xdp);

	return put_sibling(tc, ESC_SIBLING_FRAGMENT, o->port->progs.fragment, error) &&
	       put_sibling(tc, ESC_SIBLING_FRAGMENT6, o->port6->progs.fragment6, error) &&
	       put_sibling(tc, ESC_SIBLING_PORT, o->port6->progs.from_port6, error) &&
	       put_sibling(tc, ESC_SIBLING_OVERLAY, o->port6->progs.from_overlay6, error) &&
	       put_sibling(tc, ESC_SIBLING_EDGE, o->edge6->progs.edge_tc6, error) &&
	       put_sibling(xdp, 0, o->edge6->progs.edge_xdp6, error);
}

static gboolean load(struct objects *o, GError **error)
{
	o->port = skeleton_port();
	o->edge = skeleton_edge();
	o->port6 = port6_bpf__open();
	o->edge6 = edge6_bpf__open();
	if (!o->port || !o->edge || !o->port6 || !o->edge6)
		return lab_fail_errno(error, "cannot open the BPF objects");
	o->hz = hz_of_kernel();
	o->port->rodata->esc_hz = o->edge->rodata->esc_hz = o->hz;
	o->port6->rodata->esc_hz = o->edge6->rodata->esc_hz = o->hz;
	return pin_maps(o->port->obj, o->pins, error) && pin_maps(o->edge->obj, o->pins, error) &&
	       pin_maps(o->port6->obj, o->pins, error) && pin_maps(o->edge6->obj, o->pins, error) &&
	       objects_loaded(port_bpf__load(o->port), "ports", error) &&
	       objects_loaded(edge_bpf__load(o->edge), "edge", error) &&
	       objects_loaded(port6_bpf__load(o->port6), "ports, for IPv6", error) &&
	       objects_loaded(edge6_bpf__load(o->edge6), "edge, for IPv6", error) && put_siblings(o, error);
}

static void take_fds(struct objects *o)
{
	o->host = bpf_map__fd(o->port->maps.host);
	o->ifaces = bpf_map__fd(o->port->maps.ifaces);
	o->ports = bpf_map__fd(o->port->maps.ports);
	o->port_word = bpf_map__fd(o->port->maps.port_word);
	o->port_past = bpf_map__fd(o->port->maps.port_past);
	o->blobs = bpf_map__fd(o->port->maps.blobs);
	o->macs = bpf_map__fd(o->port->maps.macs);
	o->addrs = bpf_map__fd(o->port->maps.addrs);
	o->routes = bpf_map__fd(o->port->maps.routes);
	o->peers = bpf_map__fd(o->port->maps.peers);
	o->endpoints = bpf_map__fd(o->port->maps.endpoints);
	o->dnat = bpf_map__fd(o->port->maps.dnat);
	o->snat = bpf_map__fd(o->port->maps.snat);
	o->forwarders = bpf_map__fd(o->port->maps.forwarders);
	o->flows = bpf_map__fd(o->port->maps.flows);
	o->drops = bpf_map__fd(o->port->maps.drops);
	o->rules = bpf_map__fd(o->port->maps.rules);
	o->events = bpf_map__fd(o->port->maps.events);
	o->ports6 = bpf_map__fd(o->port6->maps.ports6);
	o->addrs6 = bpf_map__fd(o->port6->maps.addrs6);
	o->routes6 = bpf_map__fd(o->port6->maps.routes6);
	o->forwarders6 = bpf_map__fd(o->port6->maps.forwarders6);
	o->endpoints6 = bpf_map__fd(o->port6->maps.endpoints6);
	o->dnat6 = bpf_map__fd(o->port6->maps.dnat6);
	o->snat6 = bpf_map__fd(o->port6->maps.snat6);
	o->flows6 = bpf_map__fd(o->port6->maps.flows6);
	o->from_port = bpf_program__fd(o->port->progs.from_port);
	o->from_overlay = bpf_program__fd(o->port->progs.from_overlay);
	o->from_prober = bpf_program__fd(o->port->progs.from_prober);
	o->edge_tc = bpf_program__fd(o->edge->progs.edge_tc);
	o->edge_xdp = bpf_program__fd(o->edge->progs.edge_xdp);
}

guint objects_capacity(int map)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);

	return bpf_obj_get_info_by_fd(map, &info, &length) ? 0 : info.max_entries;
}

static void *map_memory(int fd, gsize size, GError **error)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		return memory;
	lab_fail_errno(error, "cannot map a BPF array");
	return NULL;
}

struct objects *objects_open(const char *pins, GError **error)
{
	g_autofree char *links = g_build_filename(pins, "links", NULL);
	g_autofree char *maps = g_build_filename(pins, "maps", NULL);
	g_autofree char *word_pin = map_pin(pins, "port_word");
	struct objects *o = g_new0(struct objects, 1);

	o->pins = g_strdup(pins);
	o->fresh = access(word_pin, F_OK) != 0;
	if ((mkdir(links, 0700) || mkdir(maps, 0700)) && errno != EEXIST)
		lab_fail_errno(error, "%s", pins);
	else if (load(o, error)) {
		take_fds(o);
		o->block_count = objects_capacity(o->blobs);
		o->words = map_memory(o->port_word, ESC_MAX_PORTS * sizeof(guint64), error);
		o->past = map_memory(o->port_past, ESC_MAX_PORTS * sizeof(*o->past), error);
		o->blocks = o->words && o->past
		                    ? map_memory(o->blobs, (gsize)o->block_count * sizeof(struct esc_block), error)
		                    : NULL;
	}
	if (o->blocks)
		return o;
	objects_free(o);
	return NULL;
}

void objects_free(struct objects *o)
{
	if (!o)
		return;
	if (o->blocks)
		munmap(o->blocks, (gsize)o->block_count * sizeof(struct esc_block));
	if (o->past)
		munmap(o->past, ESC_MAX_PORTS * sizeof(*o->past));
	if (o->words)
		munmap(o->words, ESC_MAX_PORTS * sizeof(guint64));
	port_bpf__destroy(o->port);
	edge_bpf__destroy(o->edge);
	port6_bpf__destroy(o->port6);
	edge6_bpf__destroy(o->edge6);
	g_free(o->pins);
	g_free(o);
}

char *objects_link_pin(const struct objects *o, const char *device)
{
	return g_strdup_printf("%s/links/%s", o->pins, device);
}
