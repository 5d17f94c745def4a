/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/firewall.h"
#include "lab/error.h"

#include <nftables/libnftables.h>

gboolean firewall_run(const char *ruleset, GError **error)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	gboolean ok;

	if (!nft)
		return lab_fail(error, "nftables: no context");
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	ok = nft_run_cmd_from_buffer(nft, ruleset) == 0;
	if (!ok)
		lab_fail(error, "nftables: %s", nft_ctx_get_error_buffer(nft));
	nft_ctx_free(nft);
	return ok;
}

gboolean firewall_close_device(const char *device, GError **error)
{
	g_autofree char *rules = g_strdup_printf(
	        "add table netdev escarp\n"
	        "add chain netdev escarp %s { type filter hook ingress device \"%s\" priority 0; policy drop; }\n",
	        device, device);

	return firewall_run(rules, error);
}

void firewall_forget_device(const char *device)
{
	g_autofree char *rules = g_strdup_printf("delete chain netdev escarp %s\n", device);

	firewall_run(rules, NULL);
}
