/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/verdicts.h"

#include <string.h>

static const struct {
	const char *name, *help;
} verdicts[] = {
#define ESC_VERDICT(code, NAME, json, text) [code] = {json, text},
#include "abi/verdict.def"
#undef ESC_VERDICT
};

#define COUNT (sizeof(verdicts) / sizeof(verdicts[0]))

const char *verdict_name(unsigned code)
{
	return code < COUNT && verdicts[code].name ? verdicts[code].name : "unknown";
}

const char *verdict_help(const char *name)
{
	for (unsigned i = 0; i < COUNT; i++)
		if (verdicts[i].name && strcmp(verdicts[i].name, name) == 0)
			return verdicts[i].help;
	return "";
}
