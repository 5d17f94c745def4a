/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of classic formats share: texts in, documents and notes out, each as one line that a test compares.
 *
 * Documents are of subscription "s" and group "g". JSON is printed with ' for " and with "@" for what every id of
 * Microsoft.Network begins with; documents are asked for by what follows "@".
 */
#pragma once
#include "formats/cloudservice/cloudservice.h"

#define KIT_NOW 1800000000 /* 2027-01-15T08:00:00Z */

struct kit {
	GPtrArray *documents; /* NULL: it was refused */
	GPtrArray *notes;
	char *error;
};

/* "a.csdef" and, unless NULL, "a.cscfg". */
struct kit *kit_read(const char *definition, const char *configuration);
struct kit *kit_read_netcfg(const char *text); /* "a.netcfg" */
void kit_free(struct kit *k);
typedef struct kit kit;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kit, kit_free)

/* The properties of a document; "none" when there is no such document. Caller frees. */
char *kit_properties(const struct kit *k, const char *id);
/* One value of it, "properties.subnets[0].name" without the brackets: "properties.subnets.0.name". */
char *kit_value(const struct kit *k, const char *id, const char *dotted);
/* Every document's id in order of making, one a line. */
char *kit_ids(const struct kit *k);
char *kit_notes(const struct kit *k); /* one a line */

void kit_expect(const struct kit *k, const char *id, const char *properties);
void kit_expect_value(const struct kit *k, const char *id, const char *dotted, const char *value);
/* Both are refused with exactly this line. */
void kit_refused(const char *definition, const char *configuration, const char *line);
/* The model takes the documents, or refuses them with exactly these lines. */
void kit_model(struct kit *k, const char *errors);
