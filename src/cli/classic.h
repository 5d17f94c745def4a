/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of classic formats among those of a command line: network configurations, and cloud services, whose
 * definition and configuration are two files. A configuration goes with the definition of its service; where there is
 * one of each, they belong together whatever they call themselves (and a note says so).
 */
#pragma once
#include "cli/source.h"
#include "formats/xml/xml.h"

/* TRUE when the file begins as XML does: what it is, is told by its content and not by its name. */
gboolean classic_is(const char *file);
/* Adds what the files (char *) declare to the source. FALSE and error on failure. */
gboolean classic_read(struct source *s, const GPtrArray *files, GError **error);
