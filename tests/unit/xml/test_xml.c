/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of XML: what it refuses, in which line; encodings; the table of known names. */
#include "formats/xml/emit.h"

#include <string.h>

static char *refusal(const char *bytes, gsize length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(xml) x = xml_parse(bytes, length, "a.xml", &error);

	if (x)
		return g_strdup("taken");
	g_assert_true(g_error_matches(error, ESC_INPUT_ERROR, ESC_INPUT_SYNTAX));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_null(strchr(error->message, '\n'));
	return g_strdup(error->message);
}

static void refused(const char *text, const char *line)
{
	g_autofree char *got = refusal(text, strlen(text));

	g_assert_cmpstr(got, ==, line);
}

static struct xml *taken(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct xml *x = xml_parse(text, strlen(text), "a.xml", &error);

	g_assert_no_error(error);
	return x;
}

static void test_document_types(void)
{
	static const char line[] =
	        "a.xml:2: a document type (<!DOCTYPE>) is not accepted, as it could declare entities; remove it";

	refused("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'xx'><!ENTITY y '&x;&x;'>]><a>&y;</a>", line);
	refused("<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", line);
	refused("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a b='&x;'/>", line);
	refused("<?xml version='1.0'?>\n<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1/a.dtd'><a/>", line);
	refused("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><a/>", line);
	refused("<a>\n&x;</a>", "a.xml:2: not well-formed XML: Entity 'x' not defined; correct it");
}

static void test_ill_formed(void)
{
	refused("", "a.xml:1: not well-formed XML: Start tag expected, '<' not found; correct it");
	refused("<a>\n\n<b></a>",
	        "a.xml:3: not well-formed XML: Opening and ending tag mismatch: b line 3 and a; correct it");
	refused("<a/>\n<b/>", "a.xml:2: not well-formed XML: Extra content at the end of the document; correct it");
	refused("<a b='1'\nb='2'/>", "a.xml:2: not well-formed XML: Attribute b redefined; correct it");
	refused("<a b='1", "a.xml:1: not well-formed XML: AttValue: ' expected; correct it");
	refused("<a b='<'/>",
	        "a.xml:1: not well-formed XML: Unescaped '<' not allowed in attributes values; correct it");
	refused("<a>&#27;</a>", "a.xml:1: not well-formed XML: xmlParseCharRef: invalid xmlChar value 27; correct it");
}

static void test_limits(void)
{
	g_autofree char *deep = NULL, *huge = g_strnfill(XML_MAX_BYTES + 1, ' ');
	g_autoptr(GString) many = g_string_new("<a>\n"), nested = g_string_new(NULL),
	                   wide = g_string_new("<a><b>\n</b><c");
	g_autoptr(GString) spaces = g_string_new("<a>");
	g_autofree char *got = refusal(huge, XML_MAX_BYTES + 1);

	g_assert_cmpstr(got, ==, "a.xml: larger than 4 MiB; split it");
	for (guint i = 0; i < XML_MAX_ELEMENTS - 1; i++)
		g_string_append(many, "<b/>");
	deep = g_strconcat(many->str, "</a>", NULL);
	xml_free(taken(deep));
	g_string_append(many, "<b/></a>");
	refused(many->str, "a.xml:2: there are more than 20000 elements; split the file");
	for (guint i = 0; i < 10000; i++)
		g_string_append(nested, "<a>");
	refused(nested->str, "a.xml:1: elements are nested more than 32 deep; the format needs fewer than 10");
	for (guint i = 0; i <= XML_MAX_ATTRIBUTES; i++)
		g_string_append_printf(wide, " a%u='>'", i);
	g_string_append(wide, "/></a>");
	refused(wide->str, "a.xml:2: an element has more than 64 attributes; the format needs fewer than 10");
	for (guint i = 0; i <= XML_MAX_NAMESPACES; i++)
		g_string_append_printf(spaces, "<b xmlns:n%u='u'/>", i);
	refused(spaces->str, "a.xml:1: more than 100 namespaces are declared; the format needs one");
}

/* What looks like a tag and is none does not count, and a tag cannot hide behind it. */
static void test_tags(void)
{
	g_autoptr(GString) equal = g_string_new(NULL);
	g_autofree char *comment = NULL, *data = NULL, *value = NULL, *text = NULL, *hidden = NULL;

	for (guint i = 0; i < 100; i++)
		g_string_append(equal, "==");
	comment = g_strdup_printf("<a><!-- <b %s --></a>", equal->str);
	data = g_strdup_printf("<a><![CDATA[<b %s]]></a>", equal->str);
	value = g_strdup_printf("<a b='%s'/>", equal->str);
	text = g_strdup_printf("<?p <b %s?><a>%s</a>", equal->str, equal->str);
	xml_free(taken(comment));
	xml_free(taken(data));
	xml_free(taken(value));
	xml_free(taken(text));
	hidden = g_strdup_printf("<a b='>'><!--x--><b %s/></a>", equal->str);
	refused(hidden, "a.xml:1: an element has more than 64 attributes; the format needs fewer than 10");
}

static void test_encodings(void)
{
	static const char text[] = "<?xml version='1.0' encoding='utf-16'?><a name='\xc3\xa9'/>";
	static const char *const encodings[] = {"UTF-16LE", "UTF-16BE"};
	static const char *const marks[] = {"\xff\xfe", "\xfe\xff"};
	g_autofree char *got = NULL;

	for (int i = 0; i < 2; i++) {
		gsize length;
		g_autofree char *bytes = g_convert(text, -1, encodings[i], "UTF-8", NULL, &length, NULL);
		g_autoptr(GByteArray) file = g_byte_array_new();
		g_autoptr(xml) x = NULL;

		g_byte_array_append(file, (const guint8 *)marks[i], 2);
		g_byte_array_append(file, (const guint8 *)bytes, (guint)length);
		x = xml_parse((const char *)file->data, file->len, "a.xml", NULL);
		g_assert_nonnull(x);
		g_assert_cmpstr(xml_attribute(xml_root(x), "name"), ==, "\xc3\xa9");
		g_byte_array_append(file, (const guint8 *)"x", 1); /* half a character */
		g_free(got);
		got = refusal((const char *)file->data, file->len);
		g_assert_cmpstr(got, ==, "a.xml:1: it begins as UTF-16 and is not; save it as UTF-8");
	}
	xml_free(taken("\xef\xbb\xbf<a/>"));
	xml_free(taken("<?xml version='1.0' encoding='IBM037'?><a/>")); /* the bytes decide */
	g_autoptr(xml) latin = taken("<?xml version='1.0' encoding='ISO-8859-1'?><a name='\xe9'/>");
	g_assert_cmpstr(xml_attribute(xml_root(latin), "name"), ==, "\xc3\xa9");
	refused("<a>\n\n\xff</a>", "a.xml:3: it is not UTF-8; save it as UTF-8");
	refused("<?xml version='1.0' encoding='UTF-7'?><a>\xff</a>", "a.xml:1: it is not UTF-8; save it as UTF-8");
	g_free(got);
	got = refusal("<a>\n\0</a>", 9);
	g_assert_cmpstr(got, ==, "a.xml:2: there is a NUL character in it; remove it");
}

static void test_names(void)
{
	g_autoptr(xml) x = taken("<x:A xmlns:x='urn:u'>\n<b/><B n='a&amp;b' Name='two'>\n <c> t </c></B>\n<b/></x:A>");
	const element *b = xml_find(xml_root(x), "b"), *two = xml_next(b, "b"), *three = xml_next(two, "b");
	g_autofree char *first = xml_path(b), *second = xml_path(xml_find(two, "C")), *third = xml_path(three);
	g_autofree char *text = xml_text(xml_first(two, NULL));

	g_assert_true(xml_is(xml_root(x), "a"));
	g_assert_cmpstr(first, ==, "/A/b[1]");
	g_assert_cmpstr(second, ==, "/A/B[@name='two']/c");
	g_assert_cmpstr(third, ==, "/A/b[3]");
	g_assert_cmpstr(text, ==, "t");
	g_assert_cmpstr(xml_attribute(two, "N"), ==, "a&b");
	g_assert_null(xml_attribute(two, "m"));
	g_assert_cmpuint(xml_line(two), ==, 2);
	g_assert_null(xml_find(xml_root(x), "b/c/d"));
	g_assert_null(xml_next(three, "b"));
}

/* ------------------------------------------------------------------ attributes by type */

#define ASK(text, call)                                                                                                \
	{                                                                                                              \
		g_autoptr(xml) x = taken(text);                                                                        \
		const element *e = xml_root(x);                                                                        \
		g_autoptr(GError) error = NULL;                                                                        \
		gboolean good = call;                                                                                  \
		g_free(said);                                                                                          \
		said = g_strdup(good ? "" : error->message);                                                           \
		g_assert_true(good == !error);                                                                         \
	}

static void test_attributes(void)
{
	static const char *const colours[] = {"red", "blue", NULL};
	g_autofree char *said = NULL;
	const char *text;
	gboolean flag;
	guint n;

	ASK("<a/>", xml_get_text(x, e, "t", TRUE, &text, &error));
	g_assert_cmpstr(said, ==, "a.xml:1: /a: the attribute t is missing; add it");
	ASK("<a t=''/>", xml_get_text(x, e, "t", TRUE, &text, &error));
	g_assert_cmpstr(said, ==, "a.xml:1: /a: the attribute t is missing; add it");
	ASK("<a/>", xml_get_text(x, e, "t", FALSE, &text, &error) && !text);
	ASK("<a/>", xml_get_number(x, e, "n", 3, 9, XML_REQUIRED, &n, &error));
	g_assert_cmpstr(said, ==, "a.xml:1: /a: the attribute n is missing; add it, from 3 to 9");
	for (const char *const *bad = (const char *const[]){"2", "10", "", "x", "-4", "+4", " 4", "4.0", "0x4",
	                                                    "99999999999999999999", NULL};
	     *bad; bad++) {
		g_autofree char *with = g_strdup_printf("<a n='%s'/>", *bad);
		g_autofree char *want =
		        g_strdup_printf("a.xml:1: /a: n='%s' is not a number from 3 to 9; correct it", *bad);

		ASK(with, xml_get_number(x, e, "n", 3, 9, 5, &n, &error));
		g_assert_cmpstr(said, ==, want);
	}
	ASK("<a N='9'/>", xml_get_number(x, e, "n", 3, 9, 5, &n, &error) && n == 9);
	ASK("<a/>", xml_get_number(x, e, "n", 3, 9, 5, &n, &error) && n == 5);
	ASK("<a c='green'/>", xml_get_choice(x, e, "c", colours, 0, &n, &error));
	g_assert_cmpstr(said, ==, "a.xml:1: /a: c='green' is not known; write one of red, blue");
	ASK("<a/>", xml_get_choice(x, e, "c", colours, XML_REQUIRED, &n, &error));
	g_assert_cmpstr(said, ==, "a.xml:1: /a: the attribute c is missing; write one of red, blue");
	ASK("<a c='BLUE'/>", xml_get_choice(x, e, "c", colours, 0, &n, &error) && n == 1);
	ASK("<a f='yes'/>", xml_get_flag(x, e, "f", FALSE, &flag, &error));
	g_assert_cmpstr(said, ==, "a.xml:1: /a: f='yes' is not known; write one of false, true, 0, 1");
	ASK("<a f='1' g='False'/>", xml_get_flag(x, e, "f", FALSE, &flag, &error) && flag &&
	                                    xml_get_flag(x, e, "g", TRUE, &flag, &error) && !flag &&
	                                    xml_get_flag(x, e, "h", TRUE, &flag, &error) && flag);
}

/* ------------------------------------------------------------------ what a format knows */

static const struct xml_known known[] = {{"@name", XML_READ},
                                         {"One", XML_READ},
                                         {"One@port", XML_READ},
                                         {"Many", XML_EACH},
                                         {"Many/One", XML_READ},
                                         {"Ours", XML_IRRELEVANT},
                                         {"Later", XML_NOT_MODELLED, "it comes later"},
                                         {NULL}};
static const struct xml_alias aliases[] = {{"Several", "Many"}, {NULL}};

static char *check(const char *text)
{
	g_autoptr(xml) x = taken(text);
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	gboolean good = xml_check(x, known, "", aliases, notes, &error);

	g_assert_true(good == !error);
	g_ptr_array_add(notes, error ? g_strconcat("refused: ", error->message, NULL) : NULL);
	if (error)
		g_ptr_array_add(notes, NULL);
	return g_strjoinv("\n", (char **)notes->pdata);
}

static void test_known(void)
{
	g_autofree char *second = check("<a><One/>\n<one/></a>");
	g_autofree char *inner = check("<a><Many><One/></Many><Several><One/>\n<One/></Several></a>");
	g_autofree char *twice = check("<a><One port='1' Port='2'/></a>");
	g_autofree char *notes =
	        check("<a xmlns:s='u' s:at='' name='x' b=''><Many/><Several c=''/>\n<Ours><x/></Ours><Later>"
	              "<y/></Later><New><z/></New></a>");

	g_assert_cmpstr(second, ==, "refused: a.xml:2: /a/one[2]: it stands in line 1 already; join the two");
	g_assert_cmpstr(inner, ==, "refused: a.xml:2: /a/Several/One[2]: it stands in line 1 already; join the two");
	g_assert_cmpstr(twice, ==, "refused: a.xml:1: /a/One: port and Port are the same attribute; keep one");
	g_assert_cmpstr(notes, ==,
	                "a.xml:1: /a[@name='x']: b is not known; nothing is made of it\n"
	                "a.xml:1: /a[@name='x']/Several: c is not known; nothing is made of it\n"
	                "a.xml:2: /a[@name='x']/Later: this element is not modelled: it comes later\n"
	                "a.xml:2: /a[@name='x']/New: this element is not known; nothing is made of it");
}

static void test_check_names(void)
{
	g_autoptr(xml) x = taken("<a><b name='x'/><c name='x'/>\n<B name='X'/></a>");
	g_autoptr(xml) none = taken("<a><b name='x'/>\n<b/></a>");
	g_autoptr(GError) error = NULL;

	g_assert_true(xml_check_names(x, xml_root(x), "c", NULL));
	g_assert_true(xml_check_names(x, NULL, "c", NULL));
	g_assert_false(xml_check_names(x, xml_root(x), "b", &error));
	g_assert_cmpstr(error->message, ==,
	                "a.xml:2: /a/B[@name='X']: the name stands in line 1 already; choose another");
	g_assert_false(xml_check_names(none, xml_root(none), "b", &error));
	g_assert_cmpstr(error->message, ==, "a.xml:2: /a/b[2]: the attribute name is missing; add it");
}

/* ------------------------------------------------------------------ documents */

static void test_resource_names(void)
{
	g_autofree char *long_text = g_strnfill(80, 'a'), *other_text = g_strnfill(81, 'a');
	g_autofree char *plain = emit_name("Web_Role.1-a"), *odd = emit_name("Group / a b"),
	                *cut = emit_name(long_text);
	g_autofree char *again = emit_name(long_text), *other = emit_name(other_text);

	g_assert_cmpstr(plain, ==, "Web_Role.1-a");
	g_assert_cmpstr(odd, ==, "Group---a-b");
	g_assert_cmpuint(strlen(cut), ==, 64);
	g_assert_cmpstr(cut, ==, again);
	g_assert_cmpstr(cut, !=, other);
}

static void test_emit(void)
{
	g_autoptr(xml) x = taken("<a>\n<b name='n'>\n <t>1</t><t> 2</t></b></a>");
	g_autoptr(GPtrArray) documents = document_list_new();
	struct emit m = {x, "s", "g", documents};
	const element *b = xml_find(xml_root(x), "b");
	struct node *p = emit_object(b), *list = emit_list(b);
	const struct document *d;
	g_autofree char *text = NULL;

	emit_texts(list, b, "t");
	node_set(p, "list", list);
	node_set(p, "to", emit_reference_in(&m, b, "far", "A.B/c/d", "x/y"));
	emit_document(&m, b, "A.B/e", "z", NULL, p);
	d = documents->pdata[0];
	text = node_print(d->resource, FALSE);
	g_assert_cmpstr(text, ==,
	                "{\"type\":\"A.B/e\",\"apiVersion\":\"2020-11-01\",\"name\":\"z\",\"location\":\"local\","
	                "\"properties\":{\"list\":[\"1\",\"2\"],\"to\":{\"id\":\"/subscriptions/s/resourceGroups/far/"
	                "providers/A.B/c/x/d/y\"}}}");
	g_assert_cmpstr(d->file, ==, "a.xml");
	g_assert_cmpstr(d->path, ==, "/a/b[@name='n']");
	g_assert_cmpuint(d->line, ==, 2);
	g_assert_cmpuint(node_item(list, 1)->line, ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/xml/document-types", test_document_types);
	g_test_add_func("/xml/ill-formed", test_ill_formed);
	g_test_add_func("/xml/limits", test_limits);
	g_test_add_func("/xml/tags", test_tags);
	g_test_add_func("/xml/encodings", test_encodings);
	g_test_add_func("/xml/names", test_names);
	g_test_add_func("/xml/attributes", test_attributes);
	g_test_add_func("/xml/known", test_known);
	g_test_add_func("/xml/check-names", test_check_names);
	g_test_add_func("/emit/names", test_resource_names);
	g_test_add_func("/emit/document", test_emit);
	return g_test_run();
}
