/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* docs/arm-support.md whole: types, properties and functions. Caller frees. */
char *support_text(void);
