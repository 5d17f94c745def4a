/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked templates: from a link to a file in the directory of the outermost template, or to a note why not.
 *
 * A link names its file by "relativePath", relative to the file that it stands in, or by a URI. Of URIs those below the
 * outermost template's own (deployment().properties.templateLink.uri) are local, and those below the value of its
 * parameter _artifactsLocation, which by convention is where the folder was published. Nothing is fetched. A file
 * outside of the directory is never read, be it by ".." or by a symbolic link.
 */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

#define LINKED_MAX_BYTES (8u << 20) /* of all linked files of one run */

void arm_linked_clear(struct linked *l)
{
	g_clear_pointer(&l->template, node_unref);
	g_clear_pointer(&l->parameters, node_unref);
	g_clear_pointer(&l->link, g_free);
	g_clear_pointer(&l->file, g_free);
	g_clear_pointer(&l->parameters_file, g_free);
}

/* The path without "." and "..", or NULL when it leads out of the directory. Caller frees. */
static char *normal(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (char **p = parts; *p; p++) {
		if (strcmp(*p, "..") == 0) {
			if (!kept->len)
				return NULL;
			g_ptr_array_set_size(kept, (int)kept->len - 1);
		} else if (**p && strcmp(*p, ".") != 0) {
			g_ptr_array_add(kept, *p);
		}
	}
	g_ptr_array_add(kept, NULL);
	return g_strjoinv("/", (char **)kept->pdata);
}

/* What follows the directory of `base` in the URI, NULL when it is not below. Borrowed from `uri`. */
static const char *below(const char *uri, const char *base)
{
	const char *end = strrchr(base, '/');
	gsize length = end ? (gsize)(end - base) + 1 : 0;

	return length > strlen("https://") && g_ascii_strncasecmp(uri, base, length) == 0 ? uri + length : NULL;
}

/* The value of the outermost template's parameter _artifactsLocation, or NULL. Borrowed. */
static const char *artifacts(const struct frame *f)
{
	while (f->parent)
		f = f->parent;
	const struct binding *b = g_hash_table_lookup(f->parameters, "_artifactslocation");
	return b ? node_str(b->value, NULL) : NULL;
}

/* The file that the URI stands for, relative to the directory; NULL when it is none. Caller frees. */
static char *local_of_uri(const struct frame *f, const char *uri)
{
	g_autofree char *bare = g_strndup(uri, strcspn(uri, "?#"));
	const char *place = artifacts(f), *rest = below(bare, ARM_BASE_URI);

	if (!rest && place)
		rest = below(bare, place);
	g_autofree char *path = rest ? g_uri_unescape_string(rest, NULL) : NULL;
	return path ? normal(path) : NULL;
}

/* The canonical path of the file when it lies in the directory, or NULL. Caller frees. */
static char *real_path(const char *directory, const char *link)
{
	g_autofree char *joined = g_build_filename(directory, link, NULL);
	char *top = realpath(directory, NULL), *real = top ? realpath(joined, NULL) : NULL;
	char *out = NULL;

	if (real && g_str_has_prefix(real, top) && (real[strlen(top)] == '/' || strcmp(top, "/") == 0) &&
	    g_file_test(real, G_FILE_TEST_IS_REGULAR))
		out = g_strdup(real);
	free(real);
	free(top);
	return out;
}

/* The parsed file; NULL with the error. The run keeps it. */
static struct node *read_linked(struct env *e, const char *real, const char *name)
{
	struct node *n = g_hash_table_lookup(e->run->files, real);
	g_autoptr(GMappedFile) map = NULL;
	g_autoptr(GError) error = NULL;

	if (n)
		return n;
	map = g_mapped_file_new(real, FALSE, &error);
	if (!map)
		return arm_fail(e, "%s", error->message);
	e->run->linked_bytes += g_mapped_file_get_length(map);
	if (e->run->linked_bytes > LINKED_MAX_BYTES)
		return arm_fail_limit(e, "the linked file %s: linked templates of more than %u bytes together", name,
		                      LINKED_MAX_BYTES);
	if (!arm_charge(e, g_mapped_file_get_length(map)))
		return NULL;
	n = node_parse(g_mapped_file_get_contents(map), g_mapped_file_get_length(map), name, &error);
	if (!n)
		return arm_fail(e, "the linked file is broken: %s", error->message);
	g_hash_table_insert(e->run->files, g_strdup(real), n);
	return n;
}

/* Notes why a link is not followed, without its query, which may be a key. */
static gboolean not_read(struct env *e, const char *what, const char *link, const char *why)
{
	arm_note(e, "%s is not read: '%.*s' %s; what it would deploy is not modelled", what,
	         (int)MIN(strcspn(link, "?#"), 300), link, why);
	return TRUE;
}

/* The member's text, NULL when it has none or an unknown one. */
static char *member_text(struct env *e, const struct node *link, const char *member)
{
	const struct node *n = node_get(link, member);
	g_autoptr(node) v = n ? arm_eval_node(e, n) : NULL;

	if (arm_is_unknown(v))
		arm_assume(e, v, "a link", "it is not followed");
	return g_strdup(node_str(v, NULL));
}

/* Follows one link to *out (borrowed from the run), *path and *name; *out stays NULL when it is not followed. */
static gboolean follow(struct env *e, const struct frame *f, const struct node *link, const char *what,
                       struct node **out, char **path, char **name)
{
	g_autofree char *relative = member_text(e, link, "relativePath");
	g_autofree char *uri = e->run->error || relative ? NULL : member_text(e, link, "uri");
	g_autofree char *spec = e->run->error || relative || uri ? NULL : member_text(e, link, "id");
	g_autofree char *local = NULL, *real = NULL;

	if (e->run->error)
		return FALSE;
	if (relative) {
		g_autofree char *folder = g_path_get_dirname(f->link);
		g_autofree char *joined = g_strdup_printf("%s/%s", folder, relative);
		local = normal(joined);
	} else if (uri) {
		local = local_of_uri(f, uri);
	}
	const char *shown = relative ? relative : uri ? uri : spec ? spec : "";
	if (!local)
		return not_read(e, what, shown, "is not a file in the folder of the template");
	real = e->run->directory ? real_path(e->run->directory, local) : NULL;
	if (!real)
		return not_read(e, what, shown, "is not there, in the folder of the template");
	g_autofree char *folder = g_path_get_dirname(e->run->file);
	*name = strcmp(folder, ".") == 0 ? g_strdup(local) : g_build_filename(folder, local, NULL);
	*out = read_linked(e, real, *name);
	*path = g_steal_pointer(&local);
	return *out != NULL;
}

static gboolean links_to_itself(const struct frame *f, const char *link)
{
	for (; f; f = f->parent)
		if (strcmp(f->link, link) == 0)
			return TRUE;
	return FALSE;
}

gboolean arm_link(struct env *e, const struct instance *i, struct linked *out)
{
	struct node *properties = node_get(i->source, "properties"), *link = node_get(properties, "templateLink");
	struct node *parameters = node_get(properties, "parametersLink"), *read = NULL;
	g_autofree char *ignored = NULL;

	memset(out, 0, sizeof(*out));
	if (!link || link->type != NODE_OBJECT) {
		arm_note(e, "it has neither a template nor a link to one; what it would deploy is not modelled");
		return TRUE;
	}
	if (!follow(e, i->frame, link, "a linked template", &read, &out->link, &out->file) || !read)
		return e->run->error == NULL;
	if (!arm_is_template(read))
		return arm_fail(e, "the linked file %s is not a deployment template", out->file) != NULL;
	if (links_to_itself(i->frame, out->link))
		return arm_fail(e, "the linked template %s links to itself", out->file) != NULL;
	out->template = node_ref(read);
	read = NULL;
	if (parameters && parameters->type == NODE_OBJECT &&
	    !follow(e, i->frame, parameters, "a linked parameters file", &read, &ignored, &out->parameters_file))
		return FALSE;
	out->parameters = node_ref(read);
	return TRUE;
}
