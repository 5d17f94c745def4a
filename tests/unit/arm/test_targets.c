/* SPDX-License-Identifier: Apache-2.0 */
/* Templates for subscriptions, management groups and the tenant, and what crosses from one to the other. */
#include "kit.h"
#include <string.h>

#define SCHEMA(name) "\"$schema\":\"https://schema.management.azure.com/schemas/2019-08-01/" name ".json#\","

static struct arm_result *good(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(text, NULL, &error);

	g_assert_no_error(error);
	return r;
}

static void expect(const struct arm_result *r, guint index, const char *id)
{
	struct document *d = r->documents->pdata[index];
	g_autoptr(node) stored = document_to_node(d);
	g_autoptr(GError) error = NULL;
	struct document *again = document_from_node(stored, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(d->id, ==, id);
	g_assert_cmpstr(again->type, ==, d->type);
	g_assert_cmpstr(again->name, ==, d->name);
	g_assert_cmpstr(again->subscription, ==, d->subscription);
	g_assert_cmpstr(again->group, ==, d->group);
	document_free(again);
}

static void test_subscription(void)
{
	kit_fails("{" SCHEMA("subscriptionDeploymentTemplate") "\"resources\":[],\"outputs\":{\"x\":{\"value\":\"["
	                                                       "resourceGroup().name]\"}}}",
	          "resourceGroup() has no answer in a template that is deployed to a subscription");
	struct arm_result *r = good("{" SCHEMA(
	        "subscriptionDeploymentTemplate") "\"resources\":["
	                                          "{\"type\":\"Microsoft.Resources/"
	                                          "resourceGroups\",\"name\":\"rg\",\"location\":\"south\"},"
	                                          "{\"type\":\"Microsoft.Authorization/"
	                                          "policyAssignments\",\"name\":\"p\"},"
	                                          "{\"type\":\"Microsoft.Resources/"
	                                          "deployments\",\"name\":\"d\",\"resourceGroup\":\"rg\",\"dependsOn\":"
	                                          "[\"["
	                                          "resourceId('Microsoft.Resources/resourceGroups', "
	                                          "'rg')]\"],\"properties\":{"
	                                          "\"expressionEvaluationOptions\":{\"scope\":\"inner\"},\"template\":{"
	                                          "\"resources\":[{\"type\":\"A.B/c\","
	                                          "\"name\":\"n\",\"location\":\"[resourceGroup().location]\"}],"
	                                          "\"outputs\":{\"id\":{\"type\":\"string\","
	                                          "\"value\":\"[resourceId('A.B/c', "
	                                          "'n')]\"}}}}}],\"outputs\":{\"id\":{\"type\":\"string\",\"value\":\"["
	                                          "reference('d').outputs.id.value]\"},\"own\":{\"type\":\"string\","
	                                          "\"value\":\"[resourceId('A.B/c', "
	                                          "'n')]\"}}}");
	expect(r, 0, "/subscriptions/contoso/providers/Microsoft.Resources/resourceGroups/rg");
	expect(r, 1, "/subscriptions/contoso/providers/Microsoft.Authorization/policyAssignments/p");
	expect(r, 2, "/subscriptions/contoso/resourceGroups/rg/providers/A.B/c/n");
	struct document *d = r->documents->pdata[2];
	g_assert_cmpstr(node_get_str(d->resource, "location", ""), ==, "south");
	g_autofree char *id = kit_output(r, "id");
	g_autofree char *own = kit_output(r, "own");
	g_assert_cmpstr(id, ==, "\"/subscriptions/contoso/resourceGroups/rg/providers/A.B/c/n\"");
	g_assert_cmpstr(own, ==, "\"/subscriptions/contoso/providers/A.B/c/n\"");
	arm_result_free(r);
}

static void test_wider(void)
{
	struct arm_result *r = good(
	        "{" SCHEMA("managementGroupDeploymentTemplate") "\"resources\":[{\"type\":\"Microsoft.Authorization/"
	                                                        "policyDefinitions\",\"name\":\"p\"},{\"type\":"
	                                                        "\"Microsoft.Resources/deployments\",\"name\":\"d\","
	                                                        "\"scope\":\"/subscriptions/s2/resourceGroups/"
	                                                        "g2\",\"properties\":{\"template\":{\"resources\":[{"
	                                                        "\"type\":\"A.B/c\",\"name\":\"n\"}]}}}]}");
	expect(r, 0,
	       "/providers/Microsoft.Management/managementGroups/tenant/providers/Microsoft.Authorization/"
	       "policyDefinitions/p");
	expect(r, 1, "/subscriptions/s2/resourceGroups/g2/providers/A.B/c/n");
	arm_result_free(r);
	r = good("{" SCHEMA("tenantDeploymentTemplate") "\"resources\":[{\"type\":\"Microsoft.Management/"
	                                                "managementGroups\",\"name\":\"m\"}]}");
	expect(r, 0, "/providers/Microsoft.Management/managementGroups/m");
	arm_result_free(r);
	kit_fails("{" SCHEMA("tenantDeploymentTemplate") "\"resources\":[],\"outputs\":{\"x\":{\"value\":\"["
	                                                 "subscription().id]\"}}}",
	          "deployed to the tenant");
	kit_fails("{\"resources\":[{\"type\":\"Microsoft.Resources/deployments\",\"name\":\"d\",\"scope\":\"nowhere\","
	          "\"properties\":{\"template\":{\"resources\":[]}}}]}",
	          "its scope 'nowhere' is not the id of");
}

static void test_scopes(void)
{
	struct arm_result *r = good(
	        "{\"resources\":[{\"type\":\"Microsoft.Authorization/locks\",\"name\":\"l\",\"scope\":\"["
	        "subscription().id]\"},{\"type\":\"Microsoft.Authorization/locks\",\"name\":\"k\",\"scope\":\"/\"},"
	        "{\"type\":\"Microsoft.Authorization/locks\",\"name\":\"j\",\"scope\":\"[resourceId('A.B/c', "
	        "'x')]\"}]}");
	expect(r, 0, "/subscriptions/contoso/providers/Microsoft.Authorization/locks/l");
	expect(r, 1, "/providers/Microsoft.Authorization/locks/k");
	expect(r, 2,
	       "/subscriptions/contoso/resourceGroups/prod/providers/A.B/c/x/providers/Microsoft.Authorization/locks/"
	       "j");
	arm_result_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/targets/subscription", test_subscription);
	g_test_add_func("/arm/targets/wider", test_wider);
	g_test_add_func("/arm/targets/scopes", test_scopes);
	return g_test_run();
}
