/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT_TCP 5201
#define PORT_CPS 5203
#define PORT_RR  5204
#define CHUNK    (128 << 10)
#define AT_ONCE  32   /* connections that the client has under way */
#define PATIENCE 3000 /* ms without any progress */
#define ANSWERS  (1 << 20)

void load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

double load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void load_enter(const char *netns)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		load_die(path);
	close(fd);
}

int load_socket(const char *netns, int type)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	load_enter(netns);
	fd = socket(AF_INET, type, 0);
	if (home < 0 || fd < 0 || setns(home, CLONE_NEWNET))
		load_die("socket");
	close(home);
	return fd;
}

void load_pin(bool last)
{
	cpu_set_t all, one;
	int chosen = -1;

	if (sched_getaffinity(0, sizeof(all), &all))
		load_die("affinity");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && (last || chosen < 0))
			chosen = i;
	CPU_ZERO(&one);
	CPU_SET(chosen, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		load_die("affinity");
}

static int on = 1;

static int listener(const struct load *l, uint16_t port)
{
	/* of every address: what the client calls it by may be translated on the way */
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = load_socket(l->server_netns, SOCK_STREAM);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4096))
		load_die("listen");
	return fd;
}

/* The server is there before the client goes on, and dies with it. */
static pid_t serve(int fd, void (*serve_with)(int fd))
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		load_die("fork");
	if (child)
		return child;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		exit(1);
	load_pin(true);
	serve_with(fd);
	exit(0);
}

static void end(pid_t server)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static int dial(const struct load *l, uint16_t port)
{
	struct sockaddr_in a = l->server;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_port = htons(port);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		load_die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* --- one stream --- */

/* Counts from the first byte to the last, and tells the client the rate. */
static void serve_stream(int fd)
{
	static char room[CHUNK];
	int client = accept(fd, NULL, NULL);
	double bytes = 0, from = load_now();
	ssize_t n;

	while ((n = read(client, room, sizeof(room))) > 0)
		bytes += (double)n;
	bytes /= load_now() - from;
	if (n < 0 || write(client, &bytes, sizeof(bytes)) != sizeof(bytes))
		load_die("stream");
}

double load_tcp(const struct load *l)
{
	static const char zeros[CHUNK];
	int listening = listener(l, PORT_TCP), fd;
	pid_t server = serve(listening, serve_stream);
	double rate = 0, until;

	load_pin(false);
	load_enter(l->client_netns);
	fd = dial(l, PORT_TCP);
	for (until = load_now() + l->seconds; load_now() < until;)
		if (write(fd, zeros, sizeof(zeros)) < 0)
			load_die("stream");
	if (shutdown(fd, SHUT_WR) || read(fd, &rate, sizeof(rate)) != sizeof(rate))
		load_die("stream");
	end(server);
	return rate * 8 / 1e9;
}

/* --- connections --- */

/* Closes first, so that the waiting for stray packets is the server's and the client never runs out of ports. */
static void serve_connections(int fd)
{
	for (int client; (client = accept(fd, NULL, NULL)) >= 0;)
		close(client);
}

static void begin_one(const struct sockaddr_in *to, int poll)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event e = {.events = EPOLLRDHUP, .data.fd = fd};

	if (fd < 0 || (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS) ||
	    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e))
		load_die("connect");
}

/* A connection is done when the server's FIN is here; a refused or broken one is no connection. */
static void end_one(const struct epoll_event *e)
{
	if (e->events & EPOLLERR || !(e->events & EPOLLRDHUP)) {
		errno = ECONNRESET;
		load_die("a connection failed");
	}
	close(e->data.fd);
}

double load_cps(const struct load *l)
{
	struct epoll_event events[AT_ONCE];
	struct sockaddr_in to = l->server;
	pid_t server = serve(listener(l, PORT_CPS), serve_connections);
	int poll = epoll_create1(EPOLL_CLOEXEC);
	double from, took = 0, count = 0;

	load_pin(false);
	load_enter(l->client_netns);
	to.sin_port = htons(PORT_CPS);
	for (int i = 0; i < AT_ONCE; i++)
		begin_one(&to, poll);
	for (from = load_now(); took < l->seconds; took = load_now() - from) {
		int n = epoll_wait(poll, events, AT_ONCE, PATIENCE);
		if (n <= 0) {
			errno = n ? errno : ETIMEDOUT;
			load_die("connections stand still");
		}
		for (int i = 0; i < n; i++) {
			end_one(&events[i]);
			begin_one(&to, poll);
		}
		count += n;
	}
	end(server);
	return count / took;
}

/* --- request and response --- */

static void serve_answers(int fd)
{
	int client = accept(fd, NULL, NULL);
	char byte;

	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (read(client, &byte, 1) == 1)
		if (write(client, &byte, 1) != 1)
			break;
}

static int compare(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void load_rr(const struct load *l, double *p50, double *p99)
{
	float *times = malloc(ANSWERS * sizeof(*times));
	pid_t server = serve(listener(l, PORT_RR), serve_answers);
	double until, before, after;
	unsigned n = 0;
	char byte = 0;
	int fd;

	load_pin(false);
	load_enter(l->client_netns);
	fd = dial(l, PORT_RR);
	after = load_now();
	for (until = after + l->seconds; after < until && n < ANSWERS; n++) {
		before = after;
		if (!times || write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			load_die("request");
		after = load_now();
		times[n] = (float)((after - before) * 1e6);
	}
	end(server);
	qsort(times, n, sizeof(*times), compare);
	*p50 = (double)times[n / 2];
	*p99 = (double)times[n / 100 * 99];
	free(times);
}

/* --- the command --- */

static void parse_address(struct sockaddr_in *a, const char *text)
{
	a->sin_family = AF_INET;
	errno = EINVAL;
	if (inet_pton(AF_INET, text, &a->sin_addr) != 1)
		load_die(text);
}

static int usage(void)
{
	fprintf(stderr, "load tcp|cps|rr|pps CLIENT-NETNS SERVER-NETNS HUB-NETNS HUB-CARD CLIENT-ADDRESS "
	                "SERVER-ADDRESS MAC SECONDS\n"
	                "load hand-over NETNS DEVICE DEVICE\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct load l = {0};
	double value = 0, p99 = 0;

	if (argc == 5 && !strcmp(argv[1], "hand-over"))
		load_hand_over(argv[2], argv[3], argv[4]);
	if (argc != 10 || sscanf(argv[8], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", l.mac, l.mac + 1, l.mac + 2, l.mac + 3,
	                         l.mac + 4, l.mac + 5) != 6)
		return usage();
	l.client_netns = argv[2];
	l.server_netns = argv[3];
	l.hub_netns = argv[4];
	l.hub_card = argv[5];
	parse_address(&l.client, argv[6]);
	parse_address(&l.server, argv[7]);
	l.seconds = strtod(argv[9], NULL);
	if (!strcmp(argv[1], "tcp"))
		value = load_tcp(&l);
	else if (!strcmp(argv[1], "cps"))
		value = load_cps(&l);
	else if (!strcmp(argv[1], "pps"))
		value = load_pps(&l);
	else if (!strcmp(argv[1], "rr"))
		load_rr(&l, &value, &p99);
	else
		return usage();
	printf("%.3f %.3f\n", value, p99);
	return 0;
}
