/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of databases, of every engine, and the databases on them. Their rules: sql_rule.c. */
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define MIN_PASSWORD 8
#define MAX_PASSWORD 128
#define WHY_SERVER   "servers of databases have no data plane yet: nothing answers for them"

const struct known sql_server_known[] = {
        {"sku", IRRELEVANT},
        {"identity", IRRELEVANT},
        {"properties.publicNetworkAccess", RECORDED_PART},
        {"properties.restrictOutboundNetworkAccess", RECORDED_PART},
        {"properties.minimalTlsVersion", RECORDED_PART},
        {"properties.sslEnforcement", RECORDED_PART},
        {"properties.network.delegatedSubnetResourceId", RECORDED_PART},
        {"properties.network.privateDnsZoneArmResourceId", RECORDED_PART},
        {"properties.network.privateDnsZoneResourceId", RECORDED_PART},
        {"properties.network.publicNetworkAccess", RECORDED_PART},
        {"properties.delegatedSubnetArguments.subnetArmResourceId", RECORDED_PART}, /* previews of 2020 */
        {"properties.privateDnsZoneArguments.privateDnsZoneArmResourceId", RECORDED_PART},
        {"properties.isIPv6Enabled", NOT_MODELLED, "a server's IPv6 address is not modelled", "Disabled"},
        {"properties.privateEndpointConnections", NOT_MODELLED, WHY_ENDPOINTS},
        {"properties.managedVirtualNetwork", NOT_MODELLED, "networks that a service keeps for itself are not modelled"},
        {"properties.managedVirtualNetworkSettings", NOT_MODELLED,
         "networks that a service keeps for itself are not modelled"},
        {"properties.virtualNetworkProfile", NOT_MODELLED, "a workspace in a subnet is not modelled"},
        {"properties.trustedServiceBypassEnabled", NOT_MODELLED, "services that are let in unasked are not modelled"},
        /* Who administers it, how it stores, how it is made, and reports. */
        {"properties.administratorLogin", IRRELEVANT},
        {"properties.administratorLoginPassword", IRRELEVANT},
        {"properties.sqlAdministratorLogin", IRRELEVANT},
        {"properties.sqlAdministratorLoginPassword", IRRELEVANT},
        {"properties.administrators", IRRELEVANT},
        {"properties.adlaResourceId", IRRELEVANT},
        {"properties.authConfig", IRRELEVANT},
        {"properties.availabilityZone", IRRELEVANT},
        {"properties.azureADOnlyAuthentication", IRRELEVANT},
        {"properties.backup", IRRELEVANT},
        {"properties.byokEnforcement", IRRELEVANT},
        {"properties.connectivityEndpoints", IRRELEVANT},
        {"properties.createMode", IRRELEVANT},
        {"properties.cspWorkspaceAdminProperties", IRRELEVANT},
        {"properties.dataEncryption", IRRELEVANT},
        {"properties.databasePort", IRRELEVANT},
        {"properties.defaultDataLakeStorage", IRRELEVANT},
        {"properties.earliestRestoreDate", IRRELEVANT},
        {"properties.encryption", IRRELEVANT},
        {"properties.externalAdministratorLogin", IRRELEVANT},
        {"properties.externalAdministratorSid", IRRELEVANT},
        {"properties.externalGovernanceStatus", IRRELEVANT},
        {"properties.extraProperties", IRRELEVANT},
        {"properties.federatedClientId", IRRELEVANT},
        {"properties.fullyQualifiedDomainName", IRRELEVANT},
        {"properties.haEnabled", IRRELEVANT},
        {"properties.highAvailability", IRRELEVANT},
        {"properties.importSourceProperties", IRRELEVANT},
        {"properties.infrastructureEncryption", IRRELEVANT},
        {"properties.initializationState", IRRELEVANT},
        {"properties.keyId", IRRELEVANT},
        {"properties.maintenanceWindow", IRRELEVANT},
        {"properties.managedResourceGroupName", IRRELEVANT},
        {"properties.masterServerId", IRRELEVANT},
        {"properties.pointInTimeUTC", IRRELEVANT},
        {"properties.primaryUserAssignedIdentityId", IRRELEVANT},
        {"properties.purviewConfiguration", IRRELEVANT},
        {"properties.replica", IRRELEVANT},
        {"properties.replicaCapacity", IRRELEVANT},
        {"properties.replicationRole", IRRELEVANT},
        {"properties.restorePointInTime", IRRELEVANT},
        {"properties.retentionDays", IRRELEVANT},
        {"properties.settings", IRRELEVANT},
        {"properties.softDeleteRetentionDays", IRRELEVANT},
        {"properties.sourceResourceGroupName", IRRELEVANT},
        {"properties.sourceServerId", IRRELEVANT},
        {"properties.sourceServerName", IRRELEVANT},
        {"properties.sourceServerResourceId", IRRELEVANT},
        {"properties.sourceSubscriptionId", IRRELEVANT},
        {"properties.standbyCount", IRRELEVANT},
        {"properties.state", IRRELEVANT},
        {"properties.storage", IRRELEVANT},
        {"properties.storageMB", IRRELEVANT},
        {"properties.storageProfile", IRRELEVANT},
        {"properties.userVisibleState", IRRELEVANT},
        {"properties.vCores", IRRELEVANT},
        {"properties.version", IRRELEVANT},
        {"properties.workspaceFeature", IRRELEVANT},
        {"properties.workspaceRepositoryConfiguration", IRRELEVANT},
        {"properties.workspaceUID", IRRELEVANT},
        {NULL},
};

const struct known sql_database_known[] = {
        {"sku", IRRELEVANT},
        {"identity", IRRELEVANT},
        {"properties", IRRELEVANT},
        {NULL},
};

static const struct engine_row {
	struct kind kind;
	enum sql_engine engine;
	gboolean flexible;
	guint min_name, max_name;
	const char *delegation; /* of the subnet that it stands in */
} engines[] = {
        {{"microsoft.sql/servers", "SQL server"}, SQL_MSSQL, FALSE, 1, 63, NULL},
        {{"microsoft.dbformysql/servers", "MySQL server"}, SQL_MYSQL, FALSE, 3, 63, NULL},
        {{"microsoft.dbformysql/flexibleservers", "MySQL server"},
         SQL_MYSQL,
         TRUE,
         3,
         63,
         "Microsoft.DBforMySQL/flexibleServers"},
        {{"microsoft.dbforpostgresql/servers", "PostgreSQL server"}, SQL_POSTGRESQL, FALSE, 3, 63, NULL},
        {{"microsoft.dbforpostgresql/flexibleservers", "PostgreSQL server"},
         SQL_POSTGRESQL,
         TRUE,
         3,
         63,
         "Microsoft.DBforPostgreSQL/flexibleServers"},
        {{"microsoft.dbformariadb/servers", "MariaDB server"}, SQL_MARIADB, FALSE, 3, 63, NULL},
        {{"microsoft.synapse/workspaces", "Synapse workspace"}, SQL_SYNAPSE, FALSE, 1, 50, NULL},
};

static const struct engine_row *find_engine(const char *type, gsize length)
{
	for (gsize i = 0; i < G_N_ELEMENTS(engines); i++)
		if (strlen(engines[i].kind.type) == length && strncmp(engines[i].kind.type, type, length) == 0)
			return &engines[i];
	return NULL;
}

static void database_free(struct sql_database *d)
{
	noun_clear(&d->noun);
	g_free(d);
}

void sql_server_free(struct sql_server *v)
{
	noun_clear(&v->noun);
	g_free(v->zone_id);
	g_ptr_array_unref(v->rules);
	g_ptr_array_unref(v->databases);
	g_free(v);
}

/* It becomes a label of a public name, which nothing here hangs on. */
static void check_name(const struct sql_server *v, const struct spot *s, const struct engine_row *row)
{
	const char *name = v->noun.name;
	gsize length = strlen(name);

	if (length < row->min_name || length > row->max_name || name[0] == '-' || name[length - 1] == '-' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
		spot_warning(s, "name",
		             "'%.100s' cannot be the name of a server, which the original refuses; use %u to %u "
		             "lower-case letters, digits and '-', not first or last",
		             name, row->min_name, row->max_name);
}

static void read_access(struct sql_server *v, const struct spot *s)
{
	static const char *const accesses[] = {"Enabled", "Disabled", "SecuredByPerimeter", NULL};
	static const char *const flags[] = {"Disabled", "Enabled", NULL};
	static const char *const tls[] = {"None",   "1.0",    "1.1",    "1.2",    "1.3",
	                                  "TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3", "TLSEnforcementDisabled",
	                                  NULL};

	v->private_only = read_choice(s, "properties.publicNetworkAccess", accesses, 0) != 0 ||
	                  read_choice(s, "properties.network.publicNetworkAccess", accesses, 0) != 0;
	v->outbound_ruled = read_choice(s, "properties.restrictOutboundNetworkAccess", flags, 0) == 1;
	read_choice(s, "properties.minimalTlsVersion", tls, 0);
	read_choice(s, "properties.sslEnforcement", flags, 0);
	read_text(s, "properties.administratorLogin", FALSE);
	read_secret(s, "properties.administratorLoginPassword", MIN_PASSWORD, MAX_PASSWORD);
	read_secret(s, "properties.sqlAdministratorLoginPassword", MIN_PASSWORD, MAX_PASSWORD);
}

void sql_server_declare(struct build *b, const struct document *d)
{
	const struct engine_row *row = find_engine(d->type, strlen(d->type));
	struct spot s = spot_of(b, d);
	struct sql_server *v = g_new0(struct sql_server, 1);

	v->engine = row->engine;
	v->flexible = row->flexible;
	v->rules = g_ptr_array_new_with_free_func((GDestroyNotify)sql_rule_free);
	v->databases = g_ptr_array_new_with_free_func((GDestroyNotify)database_free);
	g_ptr_array_add(b->graph->sql_servers, v);
	noun_declare(&v->noun, &s, d->id);
	check_name(v, &s, row);
	read_access(v, &s);
	spot_recorded(&s, "", WHY_SERVER);
}

struct sql_server *sql_parent(const struct spot *s)
{
	const char *type = s->document->type, *slash = strrchr(type, '/');
	const struct engine_row *row = find_engine(type, (gsize)(slash - type));

	return follow_parent(s, &row->kind);
}

void sql_check_name(const struct noun *n, const struct spot *s)
{
	glong length = g_utf8_strlen(n->name, -1);

	if (length > 128 || strpbrk(n->name, "<>*%&:\\/?") || g_str_has_suffix(n->name, ".") ||
	    g_str_has_suffix(n->name, " "))
		spot_error(s, "name",
		           "'%.100s' cannot be a name; use at most 128 characters, none of <>*%%&:\\/?, and end with "
		           "neither '.' nor a blank",
		           n->name);
}

void sql_database_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct sql_server *v = sql_parent(&s);
	struct sql_database *database;

	if (!v)
		return;
	database = g_new0(struct sql_database, 1);
	database->server = v;
	g_ptr_array_add(v->databases, database);
	noun_declare(&database->noun, &s, d->id);
	sql_check_name(&database->noun, &s);
}

static gboolean has_delegation(const struct subnet *sub, const char *service)
{
	for (guint i = 0; i < sub->delegations->len; i++)
		if (g_ascii_strcasecmp(sub->delegations->pdata[i], service) == 0)
			return TRUE;
	return FALSE;
}

/* The previews had another place for the same. */
static const char *choose(const struct spot *s, const char *now, const char *then)
{
	return spot_get(s, then) ? then : now;
}

static void link_subnet(struct sql_server *v, const struct spot *s, const char *service)
{
	const char *property = choose(s, "properties.network.delegatedSubnetResourceId",
	                              "properties.delegatedSubnetArguments.subnetArmResourceId");

	v->subnet = follow_text(s, property, &kind_subnet);
	if (!v->subnet)
		return;
	v->private_only = TRUE;
	if (!noun_is_assumed(&v->subnet->noun) && !has_delegation(v->subnet, service))
		spot_error(s, property, "subnet '%s' is not given to %s; add a delegation there", v->subnet->noun.name,
		           service);
}

void sql_server_link(struct build *b, struct sql_server *v)
{
	const struct engine_row *row = find_engine(v->noun.document->type, strlen(v->noun.document->type));
	struct spot s = noun_spot(b, &v->noun);
	const char *zone = choose(&s,
	                          choose(&s, "properties.network.privateDnsZoneArmResourceId",
	                                 "properties.network.privateDnsZoneResourceId"),
	                          "properties.privateDnsZoneArguments.privateDnsZoneArmResourceId");

	if (row->flexible) {
		link_subnet(v, &s, row->delegation);
		v->zone_id = g_strdup(reference_text(&s, zone, &kind_private_zone, FALSE));
	}
	for (guint i = 0; i < v->rules->len; i++)
		sql_rule_link(b, v->rules->pdata[i]);
}

/* Two rules for one subnet would be one. */
static void check_twin(struct build *b, GHashTable *seen, struct sql_rule *r)
{
	g_autofree char *key = r->subnet_id ? g_ascii_strdown(r->subnet_id, -1) : NULL;
	const struct sql_rule *other = key ? g_hash_table_lookup(seen, key) : NULL;
	struct spot s = noun_spot(b, &r->noun);

	if (other) {
		g_autofree char *where = noun_where(&other->noun);

		spot_error(&s, "properties.virtualNetworkSubnetId", "%s names this subnet already; keep one", where);
	} else if (key) {
		g_hash_table_insert(seen, g_steal_pointer(&key), r);
	}
}

void sql_server_check(struct build *b, struct sql_server *v)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_ptr_array_sort(v->rules, noun_compare);
	g_ptr_array_sort(v->databases, noun_compare);
	for (guint i = 0; i < v->rules->len; i++) {
		check_twin(b, seen, v->rules->pdata[i]);
		sql_rule_check(b, v->rules->pdata[i]);
	}
}
