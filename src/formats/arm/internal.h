/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the template evaluator. One direction only:
 *
 *   expr (text -> tree)  <-  eval (tree, JSON -> value), call + the table of functions, user (its own functions)
 *                        <-  bind (parameters, variables), types (their declarations), fill (made-up values)
 *                        <-  expand (resources -> instances), target (where to)  <-  order (dependsOn)
 *                        <-  deploy (bodies, nesting), link (files of linked templates), answer (reference())
 *
 * Concept. A `run` is one call of arm_evaluate; it holds the budget and the results. A `frame` is one
 * template within it: the outer one or one nested deployment. An `env` is what an expression sees at one
 * moment: its frame, the loops it stands in, and the words with which an error names the place. Values
 * are nodes; they are shared and never changed after they were made.
 *
 * Errors: a function that fails has set run->error and returns NULL (or FALSE); callers pass that on.
 *
 * Hostile templates: every parsed token, evaluated step, copied byte and built member costs from one
 * budget (ARM_MAX_STEPS), every value is bounded in weight and depth where it is built, and the C stack
 * by ARM_MAX_RECURSION. So the time and the memory of a run are bounded whatever the template says.
 */
#pragma once
#include "arm.h"

#define ARM_MAX_EXPRESSION 32768u      /* characters of one expression; Azure allows 24,576 */
#define ARM_MAX_NESTING    64u         /* calls within calls of one expression */
#define ARM_MAX_RECURSION  1200u       /* variables of variables, references of references */
#define ARM_MAX_STEPS      10000000u   /* per run */
#define ARM_MAX_WEIGHT     (16u << 20) /* bytes of one value, shared parts counted every time */
#define ARM_MAX_STRING     (4u << 20)
#define ARM_MAX_COPY       10000
#define ARM_MAX_RESOURCES  20000u
#define ARM_MAX_VALUES     300000u /* in all resources together: the graph takes some 500 bytes and 4 us for each */
#define ARM_MAX_NOTES      5000u
#define ARM_MAX_DEPLOYMENT 8u /* deployments within deployments */
#define ARM_BYTES_PER_STEP 32u
#define ARM_FRAME_BYTES    16384u /* what a template within a template costs */

/* The folder of the outermost template, as a URI: what deployment().properties.templateLink.uri begins with. */
#define ARM_BASE_URI "https://templates.invalid/"

enum expr_kind { EXPR_LITERAL, EXPR_CALL, EXPR_PROPERTY, EXPR_INDEX };

/* Syntax tree of one expression. */
struct expr {
	enum expr_kind kind;
	guint tokens;                    /* of the whole expression, in its outermost part */
	guint start, end;                /* bytes of the expression's text that this part covers */
	gboolean optional;               /* .? and [?: null instead of an error */
	struct node *literal;            /* EXPR_LITERAL */
	char *name;                      /* EXPR_CALL: function; EXPR_PROPERTY: member */
	const struct function *function; /* EXPR_CALL: once found */
	struct expr *base;               /* EXPR_PROPERTY, EXPR_INDEX */
	struct expr *index;              /* EXPR_INDEX */
	GPtrArray *args;                 /* EXPR_CALL: struct expr */
};

/* Parses the inside of "[...]". NULL and *message (caller frees) on failure; *tokens is added to. */
struct expr *expr_parse(const char *text, guint length, guint *tokens, char **message);
void expr_free(struct expr *x);
typedef struct expr expr;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(expr, expr_free)
/* TRUE for "[...]" that is not an escaped "[[...]". */
gboolean expr_is(const char *text);

struct frame;
struct instance;
struct function;
struct args;
struct env;

struct run {
	const char *file;      /* of the outermost template */
	const char *directory; /* linked templates below it are read; NULL: none */
	gboolean fill_missing;
	guint64 steps;
	guint depth, deployments, resources, values;
	gsize linked_bytes;
	GError *error;
	char *error_place; /* what may be told of it when it depends on a secret */
	GPtrArray *notes;
	GHashTable *noted;
	GPtrArray *pending; /* char *: became unknown within the expression at hand */
	GPtrArray *secrets; /* char *: never to be printed */
	GPtrArray *loops;   /* owns struct loop */
	GPtrArray *frames;  /* owns struct frame */
	GHashTable *by_id;  /* lower-case id -> struct instance (not owned) */
	GHashTable *newest; /* lower-case id -> struct document that was deployed last (not owned) */
	GHashTable *open;   /* containers of which a deployment knows more -> char *, what a further member is called */
	GHashTable *parsed; /* text of an expression -> its tree */
	gsize parsed_bytes;
	GHashTable *files; /* path of a linked file -> its node */
};

struct loop {
	const struct loop *outer;
	char *name;
	gint64 index;
	gboolean property; /* of a property, not of a resource, variable or output */
};

struct local { /* a lambda's variable */
	const struct local *outer;
	const char *name;
	struct node *value;
};

struct env {
	struct run *run;
	struct frame *frame;
	const struct loop *loops;
	const struct local *locals;
	const char *subject;      /* "resource 'web0' ($.resources[3])" */
	const struct node *place; /* the string or object being evaluated */
	const char *text;         /* the expression being evaluated, without brackets */
	const struct expr *part;  /* the call of it that is being evaluated */
	const struct call *calls; /* the user functions that it stands in */
	const char *file;         /* where `place` stands, when not in the frame's file */
};

struct call { /* a user function being evaluated */
	const struct call *outer;
	const struct node *definition;
};

/* What a template is deployed to. */
enum level { LEVEL_GROUP, LEVEL_SUBSCRIPTION, LEVEL_MANAGEMENT, LEVEL_TENANT };

/* Where something is deployed: the members that its level has are set. Owned strings. */
struct target {
	enum level level;
	char *subscription, *group, *management;
};

enum progress { WAITING, WORKING, DONE };

struct binding { /* a parameter or a variable */
	char *name;
	struct node *declaration;
	struct node *given;     /* parameter: value from outside, or NULL */
	struct node *value;     /* when DONE */
	const char *given_file; /* that the given value stands in; NULL: the template's, or the command line */
	enum progress state;
	gboolean secure, from_copy;
};

struct frame {
	struct run *run;
	struct frame *parent;
	struct frame
	        *names; /* whose parameters, variables and resourceGroup() expressions see: itself, or an outer one */
	struct node *root;
	char *file; /* that the template stands in, as errors name it */
	char *link; /* the same below the directory of the outermost template */
	char *path; /* "$" or "$.resources[1].properties.template" */
	struct target target;
	char *location, *deployment;
	gboolean symbolic, function; /* function: of a user function */
	GHashTable *constants;       /* function -> its answer, which is the same everywhere in the frame */
	GHashTable *parameters, *variables,
	        *functions;                        /* lower-case name -> struct binding; functions: -> struct node */
	GPtrArray *parameter_order;                /* struct binding */
	GPtrArray *instances;                      /* struct instance, in template order */
	GHashTable *by_id, *by_relative, *by_name; /* lower-case -> struct instance; by_name: -> GPtrArray */
	GHashTable *groups;                        /* loop name or symbol -> GPtrArray of struct instance */
	const struct loop *loops;                  /* of the deployment resource, when `names` is an outer frame */
	struct node *outputs;
	guint level;
};

/* One resource after its loop was expanded. */
struct instance {
	struct frame *frame;
	struct node *source;
	const struct loop *loops;
	char *type, *name, *id, *path, *subject, *symbol;
	struct target target;
	gboolean active, existing;
	enum progress state;
	struct node *body;    /* evaluated */
	struct node *full;    /* what reference(.., 'Full') answers, once asked for */
	struct node *outputs; /* of a deployment */
	GPtrArray *documents;
	guint number;
};

/* run.c */
gpointer arm_fail(struct env *e, const char *format, ...) G_GNUC_PRINTF(2, 3);
gpointer arm_fail_limit(struct env *e, const char *format, ...) G_GNUC_PRINTF(2, 3);
void arm_note(struct env *e, const char *format, ...) G_GNUC_PRINTF(2, 3);
void arm_secret(struct run *run, const struct node *value);
char *arm_redact(const struct run *run, const char *text);
gboolean arm_charge(struct env *e, gsize bytes);
gsize arm_weight(const struct node *value);
gboolean arm_check_weight(struct env *e, const struct node *value);
void arm_forgive(struct env *e);
struct frame *arm_frame_new(struct run *run, struct frame *parent, struct node *root, const char *file,
                            const char *path);
void arm_frame_free(struct frame *f);

/* unknown.c */
gboolean arm_is_unknown(const struct node *n);
gboolean arm_holds_unknown(const struct node *n); /* itself or anything in it; of a value that was weighed */
/* A value of the kind (NODE_UNKNOWN: any) that is called so: "reference('x').fqdn". */
struct node *arm_unknown(struct env *e, enum node_type kind, const char *format, ...) G_GNUC_PRINTF(3, 4);
struct node *arm_unknown_member(struct env *e, const char *base, const char *member, gint64 index);
struct node *arm_unknown_call(struct env *e, const struct function *f, const struct args *a);
struct node *arm_unknown_string(struct env *e, char *text); /* of known parts and "<unknown: ...>"; taken over */
void arm_note_unknowns(struct env *e, guint from);
/* Notes that `what` depends on an unknown value, and what is assumed. */
void arm_assume(struct env *e, const struct node *unknown, const char *what, const char *assumed);
void arm_open(struct run *run, struct node *container, const char *name);
const char *arm_open_name(const struct run *run, const struct node *container);
struct node *arm_plain(struct node *n);                   /* unknown values as strings; takes the reference over */
char *arm_suggest(GHashTable *names, const char *wanted); /* "; did you mean 'x'?", or ""; caller frees */

/* eval.c: both answer a new reference, or NULL on error */
struct node *arm_eval(struct env *e, const struct expr *x);
struct node *arm_eval_node(struct env *e, const struct node *n);
char *arm_eval_string(struct env *e, const struct node *n, const char *what);
/* Evaluates {name,count,input} (a property, variable or output loop) to an array. */
struct node *arm_eval_copy(struct env *e, const struct node *copy, const char *name, gboolean property);
gboolean arm_eval_count(struct env *e, const struct node *count, gint64 *out);

/* call.c */
struct node *arm_call(struct env *e, const struct expr *x);

/* The functions by lower-case name: struct function. */
GHashTable *arm_function_index(void);

struct args {
	const char *function;
	struct node **v;
	guint n;
};

enum {
	FN_DEEP = 1,     /* walks its arguments whole: charged by their weight */
	FN_UNKNOWN = 2,  /* works with unknown arguments; of others one makes the result unknown */
	FN_BUILDS = 4,   /* puts values together: the weight of the result is checked */
	FN_CONSTANT = 8, /* without arguments, and everywhere in a template the same */
};

/*
 * A row of the table of functions. `takes` has a letter for each argument, of which the last stands for all that
 * follow (call.c has the letters); an eager function may count on them, but with FN_UNKNOWN has to look for unknown
 * values. A lazy one evaluates and checks its arguments itself.
 */
struct function {
	const char *name;
	guint8 min, max; /* arguments; max 255: any number */
	const char *takes;
	enum node_type gives; /* NODE_UNKNOWN: depends */
	guint8 flags;
	struct node *(*eager)(struct env *e, const struct args *a);
	struct node *(*lazy)(struct env *e, const struct expr *x);
};

extern const struct function arm_string_functions[], arm_array_functions[], arm_object_functions[],
        arm_numeric_functions[], arm_logic_functions[], arm_scope_functions[], arm_date_functions[],
        arm_lambda_functions[], arm_cidr_functions[], arm_resource_functions[], arm_encode_functions[],
        arm_id_functions[], arm_template_functions[], arm_format_functions[], arm_uri_functions[];

static inline const char *arg_str(const struct args *a, guint i)
{
	return a->v[i]->string;
}

static inline gint64 arg_int(const struct args *a, guint i)
{
	return a->v[i]->integer;
}

/* -1 when an unknown value decides it. */
int arm_same(const struct node *a, const struct node *b);
gboolean arm_array_has(struct env *e, const struct node *array, const struct node *wanted);
char *arm_text_of(const struct node *n); /* what string() answers */

/* bind.c */
gboolean arm_bind_parameters(struct env *e, const struct arm_parameters *given, const struct node *overrides);
void arm_bind_variables(struct frame *f);
gboolean arm_force_parameters(struct env *e);
struct node *arm_parameter(struct env *e, const char *name);
struct node *arm_variable(struct env *e, const char *name);
void arm_binding_free(gpointer binding);

/* user.c */
const struct node *arm_find_user(const struct frame *f, const char *key);
struct node *arm_call_user(struct env *e, const struct expr *x, const struct node *definition);

/* types.c: checks a value against its declared type; `what` begins the error */
gboolean arm_check_type(struct env *e, const struct node *root, const struct node *declaration, const struct node *v,
                        const char *what);
struct node *arm_definition(const struct node *root,
                            struct node *declaration); /* its "$ref" followed; NULL: a circle */
const char *arm_declared_type(const struct node *root, struct node *declaration); /* "" when it has none */
gboolean arm_is_nullable(const struct node *root, struct node *declaration);

/* target.c */
void arm_target_clear(struct target *t);
void arm_target_set(struct target *to, const struct target *from);
char *arm_target_id(const struct target *t);
const char *arm_level_name(enum level level);
enum level arm_schema_level(const struct node *template);
gboolean arm_target_parse(struct target *t, const char *scope);

/* link.c: the template (and parameters) that a deployment links to. FALSE on error; *template NULL: not followed. */
struct linked {
	struct node *template, *parameters; /* owned */
	char *link;                         /* path below the directory of the outermost template */
	char *file, *parameters_file;       /* as errors name them */
};
gboolean arm_link(struct env *e, const struct instance *i, struct linked *out);
void arm_linked_clear(struct linked *l);

/* fill.c */
struct node *arm_fill(struct env *e, const char *name, struct node *declaration);
char *arm_fill_placeholder(struct env *e, const char *name, const char *text);

/* expand.c */
gboolean arm_expand(struct frame *f);
void arm_instance_free(gpointer instance);
struct instance *arm_find_turn(struct frame *f, const char *key);
struct instance *arm_find_instance(struct frame *f, const char *wanted);
char *arm_group_location(struct env *e, const struct target *t); /* of a group that the run deploys; NULL: unknown */
const struct loop *arm_loop_new(struct run *run, const struct loop *outer, const char *name, gint64 index);

/* answer.c: what reference(.., 'Full') answers of an active instance that was evaluated; borrowed */
struct node *arm_answer(struct env *e, struct instance *i);
char *arm_answer_name(const struct instance *i); /* "reference('x')"; caller frees */

/* order.c: instances in an order in which dependencies come first; NULL on a cycle */
GPtrArray *arm_order(struct frame *f);

/* deploy.c */
gboolean arm_instance_evaluate(struct env *from, struct instance *i);
gboolean arm_frame_deploy(struct frame *f);
/* Moves the documents of the frame's instances to `to`, in template order. */
void arm_take_documents(GPtrArray *to, struct frame *f);
