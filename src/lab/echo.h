/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answerer: says its instance's name on every port, so that silence means policy.
 *
 * One process without privileges answers for all instances. It holds listening sockets that the supervisor opened
 * inside their namespaces (handover.h); a redirect there brings every TCP and UDP port to them. TCP: whoever speaks
 * first within ECHO_PATIENCE_MS and sounds like HTTP gets an HTTP answer, everybody else the bare name. UDP: one name a
 * datagram, except to what is itself the name of a place.
 */
#pragma once

#define ECHO_PATIENCE_MS     200
#define ECHO_MAX_CONNECTIONS 512
/*
 * Datagrams that one instance answers. A name may be longer than what asked for it, and a sender's address may be made
 * up: no instance lends itself to more than this, however much it is asked.
 */
#define ECHO_DATAGRAMS_PER_SECOND 2000
#define ECHO_DATAGRAMS_BURST      4000
#define ECHO_CONNECTION_MS        2000 /* then it is closed, whatever it does */

/* Until the channel ends. Returns an exit code. */
int echo_run(int channel);
