/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a store speaks over a socket.
 *
 * Concept. A frame is a 4-byte length (little end first) and that many bytes of one serialised GVariant of one fixed
 * type: one for requests, one for answers. Neither side trusts the other: a length is compared with its bound before
 * memory is taken for it, bytes grow as they arrive, and nothing is read out of a value that is not in normal form.
 *
 *   request  (op, revision, key, compares (key, revision)*, puts (key, value)*, deletes key*)
 *   answer   (code, revision, message, entries (key, created, modified, value)*, events (revision, key, value?)*)
 *
 * One request is answered by any number of WIRE_MORE (a part of a range) and one WIRE_OK or WIRE_ERROR. After the
 * WIRE_OK of a watch its connection carries nothing but WIRE_EVENTS, each all events of one revision, until an
 * WIRE_ERROR.
 */
#pragma once
#include "store/store.h"

/* A whole transaction, its keys' and values' lengths and offsets included. */
#define WIRE_MAX_FRAME (STORE_MAX_TXN + (4u << 20))
#define WIRE_HEADER    4u

enum wire_op { WIRE_GET = 1, WIRE_RANGE, WIRE_COMMIT, WIRE_WATCH };
enum wire_code { WIRE_OK, WIRE_MORE, WIRE_EVENTS, WIRE_ERROR };

struct wire_request {
	enum wire_op op;
	gint64 revision;       /* watch: from */
	char *key;             /* get, range, watch */
	struct store_txn *txn; /* commit */
};

struct wire_answer {
	enum wire_code code;
	gint64 revision; /* WIRE_ERROR: enum store_error */
	char *message;
	GPtrArray *entries, *events;
};

/* Whole frames, header included. */
GBytes *wire_request_frame(enum wire_op op, const char *key, gint64 revision, const struct store_txn *txn);
/* entries [first, last); either list may be NULL. */
GBytes *wire_answer_frame(enum wire_code code, gint64 revision, const char *message, const GPtrArray *entries,
                          guint first, guint last, const GPtrArray *events);
GBytes *wire_error_frame(const GError *error);

/* The body of a frame, without its header. FALSE and STORE_INVALID when it is not one. */
gboolean wire_request_parse(GBytes *body, struct wire_request *r, GError **error);
void wire_request_clear(struct wire_request *r);
gboolean wire_answer_parse(GBytes *body, struct wire_answer *a, GError **error);
void wire_answer_clear(struct wire_answer *a);

/* Collects bytes until a frame is whole. */
struct wire_reader {
	GByteArray *bytes; /* header and what there is of the body */
	gsize limit;       /* of a body */
};
void wire_reader_init(struct wire_reader *r, gsize limit);
void wire_reader_clear(struct wire_reader *r);
/* How many bytes to read next, never past the frame's end. 0: a frame is whole. FALSE: its length is over the limit. */
gboolean wire_reader_want(const struct wire_reader *r, gsize *want, GError **error);
/* The body of a whole frame; the reader is then empty again. */
GBytes *wire_reader_take(struct wire_reader *r);
/* Reads once from fd and adds it: 1 progress, 0 end of file, -1 with errno. want is wire_reader_want's, not 0. */
int wire_reader_fill(struct wire_reader *r, int fd, gsize want);
