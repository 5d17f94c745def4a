/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline, packet by packet: in the kernel through BPF_PROG_TEST_RUN and natively, which must agree in everything
 * that can be seen (twin.h). Needs nothing but the right to load programs: no network, no namespaces; without that
 * right the native twin runs alone, and the first test says so. The same program runs under other kernels.
 */
#include "scene.h"

static void test_kernel(void)
{
	if (!twin_kernel_available())
		g_test_skip("programs cannot be loaded here: only the native pipeline is tested");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kernel", test_kernel);
	cases_register();
	cases_capture_register();
	cases_flow_register();
	cases_guard_register();
	cases_limit_register();
	cases_fragment_register();
	cases_address_register();
	cases_big_register();
	cases_attack_register();
	cases_race_register();
	cases_skb_register();
	cases_nat_register();
	cases_icmp_register();
	cases_random_register();
	cases_policy_register();
	cases_fixture_register();
	cases_change_register();
	cases_move_register();
	cases_access_register();
	cases_bad_register();
	cases_ipv6_register();
	cases_nd_register();
	cases_window_register();
	cases_stream_register();
	cases_health_register();
	return g_test_run();
}
