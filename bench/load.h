/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load between two network namespaces, as two guests would make it of each other.
 *
 * Concept. One process a measurement: it forks a server, which goes into one namespace and to the last processor, and
 * is the client itself, in the other namespace and on the first processor. What lies between the namespaces it does not
 * know. The figure goes to standard output.
 */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct load {
	const char *client_netns, *server_netns;
	const char *hub_netns, *hub_card;  /* the other end of the client's card */
	struct sockaddr_in client, server; /* the server's port is chosen by each measurement */
	uint8_t mac[6];                    /* where the client's card sends what is for the server */
	double seconds;
};

void load_enter(const char *netns); /* of this thread, for good */
_Noreturn void load_die(const char *what);
double load_now(void);
void load_pin(bool last);                     /* to the first or the last processor that this process may use */
int load_socket(const char *netns, int type); /* made there; the caller stays where it is */

double load_tcp(const struct load *l);                        /* Gbit/s of one stream */
double load_cps(const struct load *l);                        /* connections/s */
void load_rr(const struct load *l, double *p50, double *p99); /* microseconds of a request and its answer */
double load_pps(const struct load *l);                        /* generated packets/s that arrived */
_Noreturn void load_hand_over(const char *netns, const char *one, const char *other); /* until killed */
