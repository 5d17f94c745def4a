/* SPDX-License-Identifier: Apache-2.0 */
/* What the filter lets a prober that was taken over do: each in a child, which is confined first. */
#include "prober/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's exit code: 0 when `what` failed with EPERM. */
static int confined(int (*what)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (!sandbox_enter(NULL))
			_exit(9);
		errno = 0;
		_exit(what() < 0 && errno == EPERM ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static int opens(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int runs(void)
{
	char *const argv[] = {(char *)"/bin/true", NULL};

	return execve("/bin/true", argv, NULL);
}

static int listens(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? 0 : listen(fd, 1);
}

static int binds(void)
{
	const struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? 0 : bind(fd, (const struct sockaddr *)&a, sizeof(a));
}

static int datagrams(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static int raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int packets(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int forks(void)
{
	return fork();
}

static int code(void)
{
	static char page[1];

	return mprotect((void *)((gsize)page & ~(gsize)4095), 4096, PROT_READ | PROT_EXEC);
}

static int streams(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void test_calls(void)
{
	int (*const forbidden[])(void) = {opens, runs, listens, binds, datagrams, raw, packets, forks, code};

	for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++) {
		g_test_message("call %zu", i);
		g_assert_cmpint(confined(forbidden[i]), ==, 0);
	}
	g_assert_cmpint(confined(streams), ==, 1); /* what it is there for, it may */
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/calls", test_calls);
	return g_test_run();
}
