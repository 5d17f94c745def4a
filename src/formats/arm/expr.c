/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax of template expressions: lexer and parser in one, no token list in between.
 *
 *   expression := primary postfix*
 *   primary    := 'string' | number | name [ '.' name ] '(' [ expression { ',' expression } ] ')'
 *   postfix    := '.' name | '.?' name | '[' expression ']' | '[?' expression ']'
 *
 * A quote within a string is doubled. Names are letters, digits, '_' and '$'.
 */
#include "internal.h"
#include <errno.h>
#include <string.h>

struct parser {
	const char *text;
	guint at, length, depth;
	guint *tokens;
	char **message;
};

gboolean expr_is(const char *text)
{
	gsize length = text ? strlen(text) : 0;

	return length >= 2 && text[0] == '[' && text[1] != '[' && text[length - 1] == ']';
}

void expr_free(struct expr *x)
{
	if (!x)
		return;
	node_unref(x->literal);
	g_free(x->name);
	expr_free(x->base);
	expr_free(x->index);
	if (x->args)
		g_ptr_array_unref(x->args);
	g_free(x);
}

static void release(gpointer x)
{
	expr_free(x);
}

static struct expr *expr_new(enum expr_kind kind, guint start)
{
	struct expr *x = g_new0(struct expr, 1);

	x->kind = kind;
	x->start = x->end = start;
	return x;
}

static gpointer fail(struct parser *p, const char *what)
{
	if (!*p->message)
		*p->message = g_strdup_printf("%s at character %ld of the expression", what,
		                              g_utf8_strlen(p->text, MIN(p->at, p->length)) + 2);
	return NULL;
}

static char peek(const struct parser *p)
{
	return p->at < p->length ? p->text[p->at] : 0;
}

static void skip(struct parser *p)
{
	while (p->at < p->length && strchr(" \t\r\n", p->text[p->at]))
		p->at++;
}

static gboolean accept(struct parser *p, char c)
{
	skip(p);
	if (peek(p) != c || p->at >= p->length)
		return FALSE;
	p->at++;
	(*p->tokens)++;
	return TRUE;
}

static struct expr *parse_string(struct parser *p)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct expr *x;
	guint start = p->at++;

	for (;;) {
		const char *quote = memchr(p->text + p->at, '\'', p->length - p->at);
		if (!quote) {
			p->at = start;
			return fail(p, "a string without its closing '");
		}
		guint stop = (guint)(quote - p->text);
		g_string_append_len(out, p->text + p->at, stop - p->at);
		p->at = stop + 1;
		if (peek(p) != '\'')
			break;
		g_string_append_c(out, '\'');
		p->at++;
	}
	x = expr_new(EXPR_LITERAL, start);
	x->literal = node_string(out->str);
	x->end = p->at;
	return x;
}

static struct expr *parse_number(struct parser *p)
{
	guint start = p->at;
	gboolean real = FALSE;

	if (peek(p) == '-' || peek(p) == '+')
		p->at++;
	while (g_ascii_isdigit(peek(p)) || (peek(p) == '.' && g_ascii_isdigit(p->text[p->at + 1]))) {
		real |= peek(p) == '.';
		p->at++;
	}
	if (p->at - start > 40 || !g_ascii_isdigit(p->text[p->at - 1]))
		return fail(p, "not a number");
	g_autofree char *text = g_strndup(p->text + start, p->at - start);
	struct expr *x = expr_new(EXPR_LITERAL, start);
	errno = 0;
	x->literal = real ? node_double(g_ascii_strtod(text, NULL)) : node_int(g_ascii_strtoll(text, NULL, 10));
	x->end = p->at;
	if (errno) {
		expr_free(x);
		return fail(p, "a number out of range");
	}
	return x;
}

/* A name of a function or member; NULL when there is none. */
static char *parse_name(struct parser *p)
{
	guint start = p->at;

	while (g_ascii_isalnum(peek(p)) || peek(p) == '_' || peek(p) == '$')
		p->at++;
	(*p->tokens)++;
	return p->at > start ? g_strndup(p->text + start, p->at - start) : NULL;
}

static struct expr *parse_expression(struct parser *p);

static struct expr *parse_call(struct parser *p)
{
	g_autoptr(expr) x = expr_new(EXPR_CALL, p->at);

	x->args = g_ptr_array_new_with_free_func(release);
	x->name = parse_name(p);
	if (!x->name)
		return fail(p, "expected a function, a 'string' or a number");
	if (peek(p) == '.') { /* namespace.function */
		p->at++;
		g_autofree char *space = x->name;
		g_autofree char *name = parse_name(p);
		x->name = name ? g_strdup_printf("%s.%s", space, name) : NULL;
		if (!name)
			return fail(p, "expected a function name after '.'");
	}
	if (!accept(p, '('))
		return fail(p, "expected '(' after the name of a function; strings stand in single quotes");
	if (!accept(p, ')')) {
		do {
			struct expr *arg = parse_expression(p);
			if (!arg)
				return NULL;
			g_ptr_array_add(x->args, arg);
		} while (accept(p, ','));
		if (!accept(p, ')'))
			return fail(p, "expected ',' or ')'");
	}
	x->end = p->at;
	return g_steal_pointer(&x);
}

/* One ".name" or "[index]" behind *base, which is taken over. FALSE on error. */
static gboolean parse_postfix(struct parser *p, struct expr **base)
{
	g_autoptr(expr) x = expr_new(peek(p) == '.' ? EXPR_PROPERTY : EXPR_INDEX, (*base)->start);

	p->at++;
	if (peek(p) == '?') {
		x->optional = TRUE;
		p->at++;
	}
	if (x->kind == EXPR_PROPERTY) {
		skip(p);
		x->name = parse_name(p);
		if (!x->name)
			return fail(p, "expected a member name after '.'") != NULL;
	} else {
		x->index = parse_expression(p);
		if (!x->index)
			return FALSE;
		if (!accept(p, ']'))
			return fail(p, "expected ']'") != NULL;
	}
	x->end = p->at;
	x->base = *base;
	*base = g_steal_pointer(&x);
	return TRUE;
}

#define MAX_POSTFIX 128

static struct expr *parse_expression(struct parser *p)
{
	if (p->depth >= ARM_MAX_NESTING)
		return fail(p, "nested too deeply");
	p->depth++;
	skip(p);
	char c = peek(p);
	g_autoptr(expr) x = NULL;
	if (c == '\'')
		x = parse_string(p);
	else if (g_ascii_isdigit(c) || c == '-' || c == '+')
		x = parse_number(p);
	else
		x = parse_call(p);
	for (guint i = 0; x; i++) {
		skip(p);
		if (peek(p) != '.' && peek(p) != '[')
			break;
		if (i >= MAX_POSTFIX)
			return fail(p, "too many members and indexes in a row");
		if (!parse_postfix(p, &x))
			return NULL;
	}
	p->depth--;
	(*p->tokens)++;
	return g_steal_pointer(&x);
}

struct expr *expr_parse(const char *text, guint length, guint *tokens, char **message)
{
	struct parser p = {.text = text, .length = length, .tokens = tokens, .message = message};

	*message = NULL;
	if (length > ARM_MAX_EXPRESSION) {
		*message = g_strdup_printf("an expression of more than %u characters", ARM_MAX_EXPRESSION);
		return NULL;
	}
	struct expr *x = parse_expression(&p);
	if (!x)
		return NULL;
	skip(&p);
	if (p.at < p.length) {
		expr_free(x);
		return fail(&p, "something follows the end of the expression");
	}
	return x;
}
