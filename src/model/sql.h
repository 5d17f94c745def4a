/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers of databases: who may reach them.
 *
 * Concept. A server of any engine has the same guards: it may refuse the public network altogether; otherwise a *rule*
 * lets a range of public addresses in, or the machines of one subnet through its service endpoint. The range from 0.0.0.0
 * to 0.0.0.0 means every machine inside of this cloud, also those of strangers. All of it is recorded: no server answers.
 */
#pragma once
#include "model/graph.h"

enum sql_engine { SQL_MSSQL, SQL_MYSQL, SQL_POSTGRESQL, SQL_MARIADB, SQL_SYNAPSE };
enum sql_rule_type { SQL_RULE_RANGE, SQL_RULE_RANGE6, SQL_RULE_SUBNET, SQL_RULE_OUTBOUND };

struct sql_server {
	struct noun noun;
	enum sql_engine engine;
	gboolean flexible;       /* a flexibleServer, which can stand in a subnet of its own */
	gboolean private_only;   /* the public network is refused */
	gboolean outbound_ruled; /* it may itself reach only what the outbound rules name */
	struct subnet *subnet;   /* that it stands in, or NULL */
	char *zone_id;           /* of the private DNS zone with its name, or NULL */
	GPtrArray *rules;        /* struct sql_rule, in order of id */
	GPtrArray *databases;    /* struct sql_database, in order of id */
};

struct sql_rule {
	struct noun noun;
	struct sql_server *server;
	enum sql_rule_type type;
	guint32 first, last;      /* of SQL_RULE_RANGE */
	struct ip6 first6, last6; /* of SQL_RULE_RANGE6 */
	gboolean from_inside;     /* 0.0.0.0 to 0.0.0.0 */
	struct subnet *subnet;    /* of SQL_RULE_SUBNET; NULL: of another subscription; its id is there then */
	char *subnet_id;
};

struct sql_database {
	struct noun noun;
	struct sql_server *server;
};
