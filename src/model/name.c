/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include <string.h>

static gboolean is_label(const char *label, gsize length, const char *more)
{
	if (length == 0 || length > NAME_MAX_LABEL || label[0] == '-' || label[length - 1] == '-')
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(label[i]) && !strchr(more, label[i]))
			return FALSE;
	return TRUE;
}

static gboolean is_name(const char *text, const char *more)
{
	gsize length = strlen(text);

	if (length > 0 && text[length - 1] == '.')
		length--;
	if (length == 0 || length > NAME_MAX_LENGTH)
		return FALSE;
	for (const char *label = text; label < text + length;) {
		gsize size = strcspn(label, ".");

		if (!is_label(label, size, more))
			return FALSE;
		label += size + 1;
		if (label == text + length) /* ends with two dots */
			return FALSE;
	}
	return TRUE;
}

gboolean name_is_host(const char *text)
{
	return is_name(text, "-");
}

gboolean name_is_domain(const char *text)
{
	return strcmp(text, "*") == 0 || is_name(g_str_has_prefix(text, "*.") ? text + 2 : text, "-_");
}

guint name_labels(const char *text)
{
	guint count = *text != '\0';

	for (; *text; text++)
		count += text[0] == '.' && text[1];
	return count;
}
