/* SPDX-License-Identifier: Apache-2.0 */
/* IPsec and IKE policies: which algorithms there are, and which of them go together. */
#include "model/outer.h"

#include <string.h>

#define MIN_SECONDS   300u
#define MAX_SECONDS   172799u
#define MIN_KILOBYTES 1024u

static const char *const ipsec_encryptions[] = {"None",   "DES",       "DES3",      "AES128",    "AES192",
                                                "AES256", "GCMAES128", "GCMAES192", "GCMAES256", NULL};
static const char *const ipsec_integrities[] = {"MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256", NULL};
static const char *const ike_encryptions[] = {"DES",    "DES3",      "AES128",    "AES192",
                                              "AES256", "GCMAES128", "GCMAES256", NULL};
static const char *const ike_integrities[] = {"MD5", "SHA1", "SHA256", "SHA384", "GCMAES128", "GCMAES256", NULL};
static const char *const dh_groups[] = {"None",   "DHGroup1", "DHGroup2",  "DHGroup14", "DHGroup2048",
                                        "ECP256", "ECP384",   "DHGroup24", NULL};
static const char *const pfs_groups[] = {"None",   "PFS1",   "PFS2",  "PFS14", "PFS2048",
                                         "ECP256", "ECP384", "PFS24", "PFSMM", NULL};

static const struct {
	const char *property;
	const char *const *names;
} choices[IPSEC_CHOICES] = {
        [IPSEC_ENCRYPTION] = {"ipsecEncryption", ipsec_encryptions},
        [IPSEC_INTEGRITY] = {"ipsecIntegrity", ipsec_integrities},
        [IKE_ENCRYPTION] = {"ikeEncryption", ike_encryptions},
        [IKE_INTEGRITY] = {"ikeIntegrity", ike_integrities},
        [DH_GROUP] = {"dhGroup", dh_groups},
        [PFS_GROUP] = {"pfsGroup", pfs_groups},
};

/* AES-GCM (RFC 4106) is both in one: what encrypts also proves that nothing was changed. */
static void check_pair(const struct spot *s, const struct ipsec_policy *p)
{
	const char *encryption = p->choices[IPSEC_ENCRYPTION], *integrity = p->choices[IPSEC_INTEGRITY];
	const char *both = g_str_has_prefix(encryption, "GCM") ? encryption : integrity;

	if (g_str_has_prefix(both, "GCM") && strcmp(encryption, integrity) != 0)
		spot_error(s, "ipsecIntegrity", "it is %s and ipsecEncryption is %s; %s must be both", integrity,
		           encryption, both);
}

static struct ipsec_policy read_policy(const struct spot *s)
{
	struct ipsec_policy p = {.kilobytes = 0};
	guint faults = s->build->errors->len;

	for (guint i = 0; i < IPSEC_CHOICES; i++)
		p.choices[i] = choices[i].names[read_choice(s, choices[i].property, choices[i].names, REQUIRED)];
	p.seconds = read_number(s, "saLifeTimeSeconds", MIN_SECONDS, MAX_SECONDS, REQUIRED);
	p.kilobytes = read_number(s, "saDataSizeKilobytes", 0, G_MAXINT32, REQUIRED);
	if (p.kilobytes > 0 && p.kilobytes < MIN_KILOBYTES)
		spot_error(s, "saDataSizeKilobytes", "%u is fewer than %u; use more, or 0 for no limit", p.kilobytes,
		           MIN_KILOBYTES);
	if (s->build->errors->len == faults)
		check_pair(s, &p);
	return p;
}

void ipsec_read_policies(const struct spot *s, const char *dotted, GArray *policies)
{
	guint count = spot_length(s, dotted);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, dotted, i);
		struct ipsec_policy p;

		if (!spot_is_object(&item, ""))
			continue;
		p = read_policy(&item);
		g_array_append_val(policies, p);
	}
	if (count > 1)
		spot_error(s, dotted, "there are %u policies; keep one", count);
}
