/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates. The clock stands still: a plan made today and one made tomorrow must be the same, so utcNow()
 * is always the start of 2024, and says so in a note.
 */
#include "internal.h"
#include <string.h>

static GDateTime *now(void)
{
	return g_date_time_new_utc(2024, 1, 1, 0, 0, 0);
}

static const struct {
	const char *token, *format;
} tokens[] = {
        {"yyyy", "%Y"}, {"yy", "%y"}, {"MMMM", "%B"}, {"MMM", "%b"}, {"MM", "%m"}, {"M", "%-m"},   {"dddd", "%A"},
        {"ddd", "%a"},  {"dd", "%d"}, {"d", "%-d"},   {"HH", "%H"},  {"H", "%-H"}, {"hh", "%I"},   {"h", "%-I"},
        {"mm", "%M"},   {"m", "%-M"}, {"ss", "%S"},   {"s", "%-S"},  {"tt", "%p"}, {"zzz", "%:z"},
};

/* One token, quoted text or plain character of a custom format; moves *p. */
static void format_token(GDateTime *t, const char **p, GString *out)
{
	for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
		gsize length = strlen(tokens[i].token);
		if (strncmp(*p, tokens[i].token, length) != 0)
			continue;
		g_autofree char *text = g_date_time_format(t, tokens[i].format);
		g_string_append(out, text ? text : "");
		*p += length;
		return;
	}
	if (**p == 'f' || **p == 'F') {
		for (int micro = g_date_time_get_microsecond(t) * 10, unit = 1000000; **p == 'f' || **p == 'F';
		     (*p)++) {
			g_string_append_c(out, (char)('0' + (unit ? micro / unit % 10 : 0)));
			unit /= 10;
		}
		return;
	}
	if (**p == '\'' || **p == '"') {
		const char *close = strchr(*p + 1, **p);
		if (close) {
			g_string_append_len(out, *p + 1, close - *p - 1);
			*p = close + 1;
			return;
		}
	}
	g_string_append_c(out, **p);
	(*p)++;
}

static struct node *formatted(GDateTime *t, const char *format)
{
	static const struct {
		const char *letter, *custom;
	} standard[] = {{"u", "yyyy-MM-dd HH:mm:ss'Z'"},
	                {"s", "yyyy-MM-dd'T'HH:mm:ss"},
	                {"o", "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"},
	                {"d", "M/d/yyyy"},
	                {"D", "dddd, MMMM d, yyyy"},
	                {"t", "h:mm tt"},
	                {"T", "h:mm:ss tt"},
	                {"g", "M/d/yyyy h:mm tt"},
	                {"G", "M/d/yyyy h:mm:ss tt"},
	                {"R", "ddd, dd MMM yyyy HH:mm:ss 'GMT'"},
	                {"r", "ddd, dd MMM yyyy HH:mm:ss 'GMT'"},
	                {"y", "MMMM yyyy"},
	                {"Y", "MMMM yyyy"}};
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(standard); i++)
		if (strcmp(format, standard[i].letter) == 0)
			format = standard[i].custom;
	while (*format)
		format_token(t, &format, out);
	return node_take_string(g_string_free(out, FALSE));
}

static struct node *fn_utc_now(struct env *e, const struct args *a)
{
	const char *format = a->n ? arg_str(a, 0) : "yyyyMMdd'T'HHmmss'Z'";
	g_autoptr(GDateTime) t = now();

	arm_note(e, "utcNow() answers 2024-01-01T00:00:00Z, so that a plan can be repeated");
	return formatted(t, format);
}

/* Years .. seconds of an ISO 8601 duration such as "-P1Y2M3DT4H5M6S" or "P2W". */
struct duration {
	int sign;
	guint64 years, months, weeks, days, hours, minutes, seconds;
};

static gboolean duration_part(struct duration *d, char unit, gboolean time, guint64 v)
{
	guint64 *field = NULL;

	switch (unit) {
	case 'Y':
		field = time ? NULL : &d->years;
		break;
	case 'M':
		field = time ? &d->minutes : &d->months;
		break;
	case 'W':
		field = time ? NULL : &d->weeks;
		break;
	case 'D':
		field = time ? NULL : &d->days;
		break;
	case 'H':
		field = time ? &d->hours : NULL;
		break;
	case 'S':
		field = time ? &d->seconds : NULL;
		break;
	default:
		break;
	}
	if (!field || v > 100000000)
		return FALSE;
	*field = v;
	return TRUE;
}

static gboolean parse_duration(const char *s, struct duration *d)
{
	gboolean time = FALSE, any = FALSE;

	memset(d, 0, sizeof(*d));
	d->sign = *s == '-' ? -1 : 1;
	if (*s == '-' || *s == '+')
		s++;
	if (*s++ != 'P')
		return FALSE;
	while (*s) {
		if (*s == 'T' && !time) {
			time = TRUE;
			s++;
			continue;
		}
		if (!g_ascii_isdigit(*s))
			return FALSE;
		char *rest;
		guint64 v = g_ascii_strtoull(s, &rest, 10);
		if (!duration_part(d, *rest, time, v))
			return FALSE;
		any = TRUE;
		s = rest + 1;
	}
	return any;
}

static GDateTime *moved(GDateTime *t, const struct duration *d)
{
	if (d->years > 10000 || d->months > 120000)
		return NULL;
	g_autoptr(GDateTime) months = g_date_time_add_months(t, d->sign * (int)(d->years * 12 + d->months));
	gint64 seconds = (gint64)((d->weeks * 7 + d->days) * 86400 + d->hours * 3600 + d->minutes * 60 + d->seconds);
	if (!months || seconds > G_GINT64_CONSTANT(320000000000))
		return NULL;
	return g_date_time_add(months, d->sign * seconds * G_TIME_SPAN_SECOND);
}

/*
 * A date in one of the forms that templates write, and the format that would write it so: the result of dateTimeAdd()
 * without a format looks like its argument. NULL when it is none.
 */
static GDateTime *parse_date(const char *s, const char **format)
{
	static const struct {
		const char *shape; /* 0 a digit, ' ' also T, the rest itself */
		const char *format;
	} forms[] = {
	        {"0000-00-00 00:00:00Z", "u"},
	        {"0000-00-00T00:00:00Z", "yyyy-MM-dd'T'HH:mm:ss'Z'"},
	        {"00000000T000000Z", "yyyyMMdd'T'HHmmss'Z'"},
	        {"0000-00-00T00:00:00.0000000Z", "o"},
	        {"0000-00-00T00:00:00", "s"},
	        {"0000-00-00", "yyyy-MM-dd"},
	};
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autofree char *text = g_strndup(s, 64);
	char shape[65] = {0};

	for (guint i = 0; text[i]; i++)
		shape[i] = g_ascii_isdigit(text[i]) ? '0' : text[i];
	*format = "yyyy-MM-dd'T'HH:mm:ss'Z'";
	for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
		if (strcmp(shape, forms[i].shape) == 0)
			*format = forms[i].format;
	if (strcmp(shape, "0000-00-00") == 0) {
		g_free(text);
		text = g_strdup_printf("%.10sT00:00:00Z", s);
	}
	g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(text, utc);
	return t ? g_date_time_to_utc(t) : NULL;
}

static struct node *fn_date_time_add(struct env *e, const struct args *a)
{
	const char *base = arg_str(a, 0), *span = arg_str(a, 1), *format;
	struct duration d;

	g_autoptr(GDateTime) t = parse_date(base, &format);
	if (!t)
		return arm_fail(e, "dateTimeAdd(): '%.40s' is not a date like 2024-01-31T12:00:00Z", base);
	if (!parse_duration(span, &d))
		return arm_fail(e, "dateTimeAdd(): '%.40s' is not a duration like P1D, PT2H or -P1M", span);
	g_autoptr(GDateTime) sum = moved(t, &d);
	if (!sum)
		return arm_fail(e, "dateTimeAdd(): the date is out of range");
	return formatted(sum, a->n > 2 ? arg_str(a, 2) : format);
}

static struct node *fn_from_epoch(struct env *e, const struct args *a)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(arg_int(a, 0));

	return t ? formatted(t, "yyyy-MM-dd'T'HH:mm:ss'Z'") : arm_fail(e, "dateTimeFromEpoch(): out of range");
}

static struct node *fn_to_epoch(struct env *e, const struct args *a)
{
	const char *format;
	g_autoptr(GDateTime) t = parse_date(arg_str(a, 0), &format);

	return t ? node_int(g_date_time_to_unix(t))
	         : arm_fail(e, "dateTimeToEpoch(): '%.40s' is not a date like 2024-01-31T12:00:00Z", arg_str(a, 0));
}

const struct function arm_date_functions[] = {
        {"utcNow", 0, 1, "s", NODE_STRING, 0, fn_utc_now, NULL},
        {"dateTimeAdd", 2, 3, "s", NODE_STRING, 0, fn_date_time_add, NULL},
        {"dateTimeFromEpoch", 1, 1, "i", NODE_STRING, 0, fn_from_epoch, NULL},
        {"dateTimeToEpoch", 1, 1, "s", NODE_INT, 0, fn_to_epoch, NULL},
        {NULL},
};
