/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that come to the metrics' socket: bounded, and never more than one of five things. */
#include "agent/metrics.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length = MIN(size, METRICS_REQUEST_MAX);
	g_autofree char *copy = g_memdup2(data, length); /* so that reading beyond is seen; NULL for none */
	enum metrics_request r = metrics_request(copy, length);

	g_assert_true(r <= METRICS_BAD);
	g_assert_true(size < METRICS_REQUEST_MAX || r != METRICS_MORE);
	return 0;
}
