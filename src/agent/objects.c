/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/objects.h"
#include "agent/hz.h"
#include "lab/error.h"

#include "edge.skel.h"
#include "port.skel.h"

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

gboolean objects_stale(const char *pins)
{
	struct port_bpf *port = port_bpf__open();
	gboolean stale = FALSE;
	struct bpf_map *map;

	if (!port)
		return FALSE;
	FOR_OWN_MAPS(map, port->obj)
	stale = stale || shape_differs(map, pins);
	port_bpf__destroy(port);
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

	FOR_OWN_MAPS(map, object)
	{
		g_autofree char *path = map_pin(pins, bpf_map__name(map));
		int e = bpf_map__set_pin_path(map, path);

		if (e)
			return lab_fail(error, "cannot pin map %s: %s", bpf_map__name(map), g_strerror(-e));
	}
	return TRUE;
}

static gboolean load(struct objects *o, GError **error)
{
	int e;

	o->port = port_bpf__open();
	o->edge = edge_bpf__open();
	if (!o->port || !o->edge)
		return lab_fail_errno(error, "cannot open the BPF objects");
	o->port->rodata->esc_hz = o->edge->rodata->esc_hz = hz_of_kernel();
	if (!pin_maps(o->port->obj, o->pins, error) || !pin_maps(o->edge->obj, o->pins, error))
		return FALSE;
	e = port_bpf__load(o->port);
	if (e)
		return lab_fail(error, "cannot load the port programs: %s", g_strerror(-e));
	e = edge_bpf__load(o->edge);
	return !e || lab_fail(error, "cannot load the edge programs: %s", g_strerror(-e));
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
	o->flows = bpf_map__fd(o->port->maps.flows);
	o->drops = bpf_map__fd(o->port->maps.drops);
	o->rules = bpf_map__fd(o->port->maps.rules);
	o->events = bpf_map__fd(o->port->maps.events);
	o->from_port = bpf_program__fd(o->port->progs.from_port);
	o->from_overlay = bpf_program__fd(o->port->progs.from_overlay);
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
	g_free(o->pins);
	g_free(o);
}

char *objects_link_pin(const struct objects *o, const char *device)
{
	return g_strdup_printf("%s/links/%s", o->pins, device);
}
