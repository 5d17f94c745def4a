/* SPDX-License-Identifier: Apache-2.0 */
/* The part of load that needs BPF programs (vm.bpf.c): the generator, and what stands between cards in its stead. */
#include "bench/load.h"
#include "bench/vm.h"
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "vm.skel.h"

#define FRAME              60
#define BATCH              64
#define BURST              65536 /* packets of one call */
#define CARD               "eth0"
#define DONE_MS            200
#define ATTACH_TCX_INGRESS 46 /* since 6.6; the headers of Debian 12 end at 6.1 */

static struct vm_bpf *open_programs(void)
{
	struct vm_bpf *b = vm_bpf__open_and_load();

	if (!b)
		load_die("programs");
	return b;
}

/* As the agent does it: by a tcx link where the kernel has them, else by clsact. Ends with this process, or the
 * namespace. */
static void attach(int program, const char *device)
{
	struct {
		__u32 prog_fd, target_ifindex, attach_type, flags, relative, pad;
		__u64 expected_revision;
	} a = {.prog_fd = (__u32)program, .target_ifindex = if_nametoindex(device), .attach_type = ATTACH_TCX_INGRESS};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a.target_ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1, .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	int e;

	if (syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a)) >= 0)
		return;
	e = errno == EINVAL ? bpf_tc_hook_create(&hook) : -errno;
	e = e && e != -EEXIST ? e : bpf_tc_attach(&hook, &opts);
	if (e) {
		errno = -e;
		load_die(device);
	}
}

void load_hand_over(const char *netns, const char *one, const char *other)
{
	struct vm_bpf *b = open_programs();

	load_enter(netns);
	b->bss->peers[0][0] = b->bss->peers[1][1] = if_nametoindex(one);
	b->bss->peers[0][1] = b->bss->peers[1][0] = if_nametoindex(other);
	attach(bpf_program__fd(b->progs.hand_over), one);
	attach(bpf_program__fd(b->progs.hand_over), other);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

/* Both ways once on every flow that will be generated: what tracks connections knows them as established then. */
static void establish(const struct load *l)
{
	struct sockaddr_in from = l->client, to = l->server, seen;
	socklen_t length = sizeof(seen);
	struct timeval patience = {.tv_sec = 1};
	int server = load_socket(l->server_netns, SOCK_DGRAM);
	char byte = 0;

	to.sin_port = htons(VM_PORT_SINK);
	setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (bind(server, (struct sockaddr *)&to, sizeof(to)))
		load_die("bind");
	for (int i = 0; i < VM_FLOWS; i++) {
		int fd = load_socket(l->client_netns, SOCK_DGRAM);
		from.sin_port = htons((uint16_t)(VM_PORT_FIRST + i));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
		    sendto(fd, &byte, 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1 ||
		    recvfrom(server, &byte, 1, 0, (struct sockaddr *)&seen, &length) != 1 ||
		    sendto(server, &byte, 1, 0, (struct sockaddr *)&seen, length) != 1 || recv(fd, &byte, 1, 0) != 1)
			load_die("a flow to generate");
		close(fd);
	}
	close(server);
}

static uint16_t ip_sum(const uint16_t *words)
{
	uint32_t sum = 0;

	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* The card is looked for in the client's namespace: that is where the caller must be. */
static void write_headers(struct vm_bpf *b, const struct load *l)
{
	struct iphdr ip = {.version = 4,
	                   .ihl = 5,
	                   .ttl = 64,
	                   .protocol = IPPROTO_UDP,
	                   .tot_len = htons(FRAME - ETH_HLEN),
	                   .saddr = l->client.sin_addr.s_addr,
	                   .daddr = l->server.sin_addr.s_addr};
	struct udphdr udp = {.dest = htons(VM_PORT_SINK), .len = htons(FRAME - ETH_HLEN - sizeof(ip))};
	struct ethhdr eth = {.h_proto = htons(ETH_P_IP)};
	struct ifreq own = {.ifr_name = CARD};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &own))
		load_die(CARD);
	close(fd);
	memcpy(eth.h_dest, l->mac, ETH_ALEN);
	memcpy(eth.h_source, own.ifr_hwaddr.sa_data, ETH_ALEN);
	ip.check = ip_sum((const uint16_t *)(const void *)&ip);
	b->bss->headers = (struct vm_headers){eth, ip, udp};
	b->bss->card = if_nametoindex(CARD);
}

static double sunk(const struct vm_bpf *b)
{
	double all = 0;

	for (int i = 0; i < VM_CPUS; i++)
		all += (double)((volatile struct vm_count *)b->bss->sunk)[i].packets;
	return all;
}

static void burst(int generator)
{
	char frame[FRAME] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = BURST,
	            .batch_size = BATCH, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int e = bpf_prog_test_run_opts(generator, &opts);

	if (e) {
		errno = -e;
		load_die("generate");
	}
}

double load_pps(const struct load *l)
{
	struct vm_bpf *b = open_programs();
	int generator = bpf_program__fd(b->progs.generate);
	double from, took;

	establish(l);
	load_enter(l->server_netns);
	attach(bpf_program__fd(b->progs.sink), CARD);
	load_enter(l->hub_netns);
	if (bpf_xdp_attach((int)if_nametoindex(l->hub_card), bpf_program__fd(b->progs.arrive), XDP_FLAGS_DRV_MODE,
	                   NULL))
		load_die(l->hub_card);
	load_enter(l->client_netns);
	write_headers(b, l);
	load_pin(false);
	burst(generator);
	usleep(DONE_MS * 1000); /* what lies in somebody's queue is not of this run */
	double before = sunk(b);
	for (from = load_now(), took = 0; took < l->seconds; took = load_now() - from)
		burst(generator);
	before = (sunk(b) - before) / took;
	load_enter(l->hub_netns);
	bpf_xdp_detach((int)if_nametoindex(l->hub_card), XDP_FLAGS_DRV_MODE, NULL);
	return before;
}
