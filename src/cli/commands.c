/* SPDX-License-Identifier: Apache-2.0 */
/* The command table: the only place where a command, an option or its help is written down. */
#include "cli/commands.h"

static const struct option o_lab = {
        "lab", OPTION_VALUE, "NAME", "The lab to work with; default: ESCARP_LAB, else main", VALUES_NONE, NULL};
static const struct option o_json = {"json",      OPTION_FLAG, NULL, "Print JSON with stable field names",
                                     VALUES_NONE, NULL};
static const struct option o_help = {"help", OPTION_FLAG, NULL, "Print what the command does", VALUES_NONE, NULL};
const struct option *const common_options[] = {&o_lab, &o_json, &o_help, NULL};

static const struct option o_parameters = {
        "parameters", OPTION_LIST,
        "FILE",       "Parameters file; of several the last counts, or each belongs to one of as many templates",
        VALUES_FILE,  NULL};
static const struct option o_param = {
        "param",      OPTION_LIST,
        "NAME=VALUE", "Value of one template parameter, or @FILE that holds it; wins over --parameters",
        VALUES_NONE,  NULL};
static const struct option o_subscription = {
        "subscription", OPTION_VALUE, "NAME", "Subscription to deploy into; default: default", VALUES_NONE, NULL};
static const struct option o_group = {"group",     OPTION_VALUE,
                                      "NAME",      "Resource group; default: the name of the template's file or folder",
                                      VALUES_NONE, NULL};
static const struct option o_fill = {
        "fill-missing", OPTION_FLAG, NULL, "Make up values for required parameters that have none, and say so",
        VALUES_NONE,    NULL};
static const struct option o_hosts = {
        "hosts", OPTION_VALUE, "N", "Hosts of the fleet, 1 to 16; default: as it is, else 1", VALUES_NONE, NULL};
static const struct option o_mode = {
        "mode",
        OPTION_VALUE,
        "MODE",
        "incremental (default): add and change; complete: also remove what the group has and the "
        "templates have not",
        VALUES_WORDS,
        "incremental complete"};
static const struct option o_live_flows = {
        "live-flows",
        OPTION_VALUE,
        "MODE",
        "What becomes of connections that the change concerns: reevaluate (default): judged anew at their next packet; "
        "keep: go on; kill: end",
        VALUES_WORDS,
        "reevaluate keep kill"};
static const struct option o_tap = {
        "tap",           OPTION_LIST, "INSTANCE", "Give this instance a tap device on its host in place of a namespace",
        VALUES_INSTANCE, NULL};
static const struct option o_as = {
        "as", OPTION_VALUE, "ADDRESS", "internet only: speak from this outside address", VALUES_NONE, NULL};
static const struct option o_names = {"names",     OPTION_FLAG, NULL, "Print the names of the instances only",
                                      VALUES_NONE, NULL};
static const struct option o_follow = {"follow",    OPTION_FLAG, NULL, "Go on printing what is new until interrupted",
                                       VALUES_NONE, NULL};
static const struct option o_port = {
        "port", OPTION_LIST, "N", "Probe this port in place of those that rules and endpoints name", VALUES_NONE, NULL};
static const struct option o_protocol = {"protocol",   OPTION_VALUE, "PROTOCOL", "tcp (default) or udp",
                                         VALUES_WORDS, "tcp udp"};

static const struct option o_live = {
        "live", OPTION_FLAG, NULL, "Trace over what the lab has in force, in place of FILEs", VALUES_NONE, NULL};
static const struct option o_from = {
        "from",          OPTION_VALUE, "X", "Who sends: internet, internet:ADDRESS, an instance, or an address",
        VALUES_INSTANCE, NULL};
static const struct option o_to = {
        "to", OPTION_VALUE, "Y", "To whom: internet, internet:ADDRESS, an instance, or an address", VALUES_INSTANCE,
        NULL};
static const struct option o_trace_protocol = {
        "protocol", OPTION_VALUE, "PROTOCOL", "tcp (default), udp or icmp (an echo)", VALUES_WORDS, "tcp udp icmp"};
static const struct option o_trace_port = {
        "port", OPTION_VALUE, "N", "Destination port; default: 80 for tcp, 53 for udp", VALUES_NONE, NULL};
static const struct option o_source_port = {
        "source-port", OPTION_VALUE, "N", "Source port, of icmp the identifier; default: 40000", VALUES_NONE, NULL};

static const struct option o_instance = {
        "instance",      OPTION_VALUE, "INSTANCE", "Only what this instance sends or gets, as `escarp status` names it",
        VALUES_INSTANCE, NULL};
static const struct option o_flow_port = {
        "port", OPTION_VALUE, "N", "Only what has this source or destination port", VALUES_NONE, NULL};
static const struct option o_flow_protocol = {"protocol",   OPTION_VALUE,  "PROTOCOL", "Only tcp, udp or icmp",
                                              VALUES_WORDS, "tcp udp icmp"};

static const struct option o_format = {
        "format",     OPTION_VALUE,
        "FORMAT",     "arm: print the resources as one deployment template in place of the plan",
        VALUES_WORDS, "arm"};

static const struct option o_together = {
        "together",  OPTION_FLAG, NULL, "All FILEs are one deployment, also two that declare the same resources",
        VALUES_NONE, NULL};
static const struct option o_against = {
        "against",   OPTION_LIST, "FILE", "Say what changes from this FILE (several make one deployment) to the others",
        VALUES_FILE, NULL};

static const struct option o_reserved = {
        "release-reserved", OPTION_FLAG, NULL, "Delete reserved (static) addresses too, which stay otherwise",
        VALUES_NONE,        NULL};

static const struct option o_subnet = {
        "subnet",         OPTION_VALUE,
        "NETWORK/SUBNET", "Where it goes, or GROUP/NETWORK/SUBNET; default: a network of its own",
        VALUES_NONE,      NULL};
static const struct option o_own_group = {"group",     OPTION_VALUE,
                                          "NAME",      "Resource group; default: one of its own, named as the machine",
                                          VALUES_NONE, NULL};
static const struct option o_management = {"management-endpoints",
                                           OPTION_FLAG,
                                           NULL,
                                           "Open remote desktop and remote PowerShell on random public ports",
                                           VALUES_NONE,
                                           NULL};

static const struct option *const create_options[] = {&o_subscription, &o_own_group, &o_subnet, &o_management, NULL};
static const struct option *const upgrade_options[] = {&o_parameters, &o_param, &o_fill, &o_tap, &o_live_flows, NULL};
static const struct option *const life_options[] = {&o_live_flows, NULL};
static const struct option *const delete_options[] = {&o_live_flows, &o_reserved, NULL};
static const struct option *const up_options[] = {&o_parameters, &o_param, &o_subscription, &o_group,      &o_fill,
                                                  &o_mode,       &o_hosts, &o_tap,          &o_live_flows, NULL};
static const struct option *const plan_options[] = {&o_parameters, &o_param,  &o_subscription, &o_group,   &o_fill,
                                                    &o_hosts,      &o_format, &o_together,     &o_against, NULL};
static const struct option *const trace_options[] = {
        &o_live,         &o_from,  &o_to,   &o_trace_protocol, &o_trace_port, &o_source_port, &o_parameters, &o_param,
        &o_subscription, &o_group, &o_fill, &o_hosts,          NULL};
static const struct option *const exec_options[] = {&o_as, NULL};
static const struct option *const status_options[] = {&o_names, NULL};
static const struct option *const probe_options[] = {&o_port, &o_protocol, NULL};
static const struct option *const follow_options[] = {&o_follow, NULL};
static const struct option *const flows_options[] = {&o_instance, &o_flow_port, &o_flow_protocol, &o_follow, NULL};
static const struct option *const no_options[] = {NULL};

const struct command commands[] = {
        {"up", "[FILE...]", "Applies templates and enforces what they say",
         "Evaluates the templates, starts the lab if it does not run, hands the documents to its controller and waits "
         "until "
         "every port is enforced. Only what differs is changed. In complete mode what will be removed is listed "
         "first.\n\n"
         "Connections that live are judged anew when the rules of one of their ends have changed, by the packet that "
         "opened "
         "them. With --live-flows keep they go on under the verdict that admitted them and only new ones meet the new "
         "rules; "
         "with kill they end. An address that goes, an instance or an endpoint that is removed ends its connections in "
         "any "
         "mode.\n\n"
         "Without a FILE the network that is stored is started again. If anything fails the previous network stays in "
         "force.",
         up_options, 0, 64, FALSE, VALUES_FILE, cmd_up},
        {"plan", "FILE...", "Says what the templates would build, or what changes between two",
         "Needs neither root nor a running lab. A FILE is a template, a cloud service's definition (.csdef) or "
         "configuration (.cscfg), or a classic network configuration (.netcfg), known by its content. Prints networks, "
         "instances and their addresses, what is open to the "
         "Internet, "
         "what is not modelled, warnings and outputs. What the templates refer to and do not declare is assumed to "
         "exist, "
         "and "
         "listed. Values of secure parameters are never printed.\n\n"
         "With --format arm the same resources are written as one deployment template, whatever they came from. What "
         "depends "
         "on a secret becomes a secure parameter without a default.\n\n"
         "Two templates (or two service definitions, each with what belongs to it) that declare mostly the same "
         "resources "
         "are "
         "compared: which resources are added, removed and changed, what opens and closes to the Internet and to whom, "
         "and "
         "who "
         "may newly or no longer reach whom. The first is what is, the second what comes; one parameters file serves "
         "both. "
         "Other files are one deployment, as they are for up. --together and --against leave no doubt.",
         plan_options, 1, 64, FALSE, VALUES_FILE, cmd_plan},
        {"trace", "[FILE...]", "Follows one packet and its answer through every stage",
         "Runs the data path's own code over the tables that the templates make, without root and without a lab, or "
         "with "
         "--live over those that a running lab has in force. Says for each host that the packet passes what was asked "
         "and "
         "decided: port, guard, flow, the rules of both lists with file and line, route, translation, balancing, "
         "delivery; then "
         "the same for the answer. With --live it also says which flow the tuple has already.\n\n"
         "Exits 0 when packet and answer are delivered, 1 when one of them is dropped (and says what to do), 2 when it "
         "cannot be traced.",
         trace_options, 0, 64, FALSE, VALUES_FILE, cmd_trace},
        {"exec", "(INSTANCE|internet|host/K)", "Runs a command inside an instance, outside, or on a host",
         "The command runs in the network namespace of the instance, or on the Internet's side, or in that of host K, "
         "and its "
         "exit status is returned. An instance on a tap device has no namespace: the command runs on its host with "
         "ESCARP_TAP, ESCARP_MAC, ESCARP_ADDRESS and ESCARP_GATEWAY set.",
         exec_options, 1, 1, TRUE, VALUES_INSTANCE, cmd_exec},
        {"status", "", "Shows hosts, ports, addresses and whether they are enforced",
         "One line for each host and each port, with its private and public addresses and what it has dropped.",
         status_options, 0, 0, FALSE, VALUES_NONE, cmd_status},
        {"probe", "", "Tries who can reach what, and compares with what should be",
         "Makes real connection attempts from the Internet and from every instance to every instance and every public "
         "endpoint, "
         "on the ports that rules and endpoints name and a few well-known ones. Each cell is what should be / what is. "
         "Exits 1 "
         "when any differs.",
         probe_options, 0, 0, FALSE, VALUES_NONE, cmd_probe},
        {"drops", "", "Shows what was dropped where and why, and how often each rule decided",
         "Counters of the data path, by port and reason, and by rule with the file and line that declares it. A rule "
         "counts the "
         "first packet of what it decides; what belongs to a connection is counted there.",
         follow_options, 0, 0, FALSE, VALUES_NONE, cmd_drops},
        {"flows", "", "Shows the connections that the data path knows",
         "One line for each direction of each connection over IPv4, with its state, how long it has been idle, what "
         "went this "
         "way and "
         "back, and the rules that admit it.",
         flows_options, 0, 0, FALSE, VALUES_NONE, cmd_flows},
        {"events", "", "Shows single drops and released addresses as they were recorded",
         "The newest drop records of every host, and the controller's: a public address was given back that a rule, an "
         "access "
         "list, a route or a server's rule of another subscription names. Records are limited in rate for each port; "
         "the counters of `escarp "
         "drops` are "
         "exact.",
         follow_options, 0, 0, FALSE, VALUES_NONE, cmd_events},
        {"metrics", "", "Prints what the agents count, for Prometheus",
         "The text format of Prometheus, with a label for the host. Each agent serves the same, without that label, to "
         "root on "
         "the Unix socket /run/escarp/LAB/agent-K/metrics.sock, as GET /metrics.",
         no_options, 0, 0, FALSE, VALUES_NONE, cmd_metrics},
        {"vm create", "NAME", "Makes a machine without a template",
         "Deploys what a template would say: the machine, a network interface, and without --subnet a network of its "
         "own. "
         "With --management-endpoints also a public address with two ports, drawn at random from 49152 to 65535, that "
         "lead to "
         "its ports 3389 and 5986; `escarp endpoint disable` closes them again. Without, nothing is opened.",
         create_options, 1, 1, FALSE, VALUES_NONE, cmd_vm_create},
        {"vm start", "INSTANCE", "Starts a machine that was stopped or deallocated",
         "A machine that was stopped comes back where it was, with its addresses. One that was deallocated gets a host "
         "and new dynamic addresses; reserved and declared ones are still its own. One that runs stays as it is.",
         life_options, 1, 1, FALSE, VALUES_INSTANCE, cmd_life},
        {"vm stop", "INSTANCE", "Switches a machine off, and keeps its place and its addresses",
         "It has no port any more: nothing reaches it, its connections end, load balancers leave it out and it holds "
         "no "
         "ports for going out. Its host, its MAC and all its addresses stay its own. Deploying a template again does "
         "not start it.",
         life_options, 1, 1, FALSE, VALUES_INSTANCE, cmd_life},
        {"vm deallocate", "INSTANCE", "Switches a machine off and gives up its place and its dynamic addresses",
         "As stop, and it leaves its host as well: dynamic addresses, private and public, are given back; reserved and "
         "declared ones stay. When all machines behind a dynamic front end are deallocated, that address is given back "
         "too. What is given back is nobody's for 60 seconds. Deploying a template again does not start it.",
         life_options, 1, 1, FALSE, VALUES_INSTANCE, cmd_life},
        {"vm repair", "INSTANCE", "Makes a machine anew, on another host where there is one",
         "For a machine whose host is in trouble: it is taken away and comes back as the same machine, with its name, "
         "its "
         "MACs and all its addresses, on the host with most room of the others. Its connections end.",
         life_options, 1, 1, FALSE, VALUES_INSTANCE, cmd_life},
        {"vm move", "INSTANCE HOST", "Moves a machine to another host, with its connections",
         "It runs on: connections go on after a moment in which nothing reaches it, which for TCP is nothing lost. "
         "What "
         "goes out by a host's default address ends, since the other host has another one. HOST is a number, as "
         "`escarp "
         "status` tells it.",
         life_options, 2, 2, FALSE, VALUES_INSTANCE, cmd_life},
        {"vm delete", "INSTANCE", "Deletes a machine",
         "Its document goes, and with it the network interfaces and addresses whose deleteOption is Delete; others "
         "stay, "
         "for another machine. Dynamic public addresses are given back. An instance of a scale set is deleted by the "
         "set's capacity.",
         life_options, 1, 1, FALSE, VALUES_INSTANCE, cmd_life},
        {"deployment upgrade", "DEPLOYMENT FILE...", "Replaces what a deployment consists of, in place",
         "As up in complete mode: what the templates declare is added or changed, what they do not is removed. The "
         "deployment "
         "must exist, and the address of its public front end stays, also when the templates call it by another name "
         "or "
         "turn it into a reserved one.",
         upgrade_options, 2, 64, FALSE, VALUES_FILE, cmd_upgrade},
        {"deployment swap", "DEPLOYMENT DEPLOYMENT", "Exchanges the public addresses of two deployments",
         "A deployment is the resource group that was given to up. Each must have one public front end (of a family): "
         "the "
         "first is known at the second's address afterwards, and the other way round. Connections to both end. Later "
         "deployments keep it.",
         life_options, 2, 2, FALSE, VALUES_NONE, cmd_life},
        {"deployment delete", "DEPLOYMENT", "Deletes a deployment with all its resources",
         "Deletes what the resource group holds, ends its connections and gives its addresses back. Reserved (static) "
         "addresses stay, for the next deployment, unless --release-reserved says otherwise.",
         delete_options, 1, 1, FALSE, VALUES_NONE, cmd_life},
        {"endpoint enable", "ENDPOINT", "Opens an endpoint that was disabled",
         "ENDPOINT is a rule or an inbound NAT rule of a load balancer: \"rule\", \"balancer/rule\" or "
         "\"group/balancer/rule\".",
         life_options, 1, 1, FALSE, VALUES_NONE, cmd_life},
        {"endpoint disable", "ENDPOINT", "Closes an endpoint until it is enabled again",
         "Nothing listens there any more and its connections end: remote management is open for the time that it is "
         "needed. Machines behind it go out as before. Deploying a template again does not open it.",
         life_options, 1, 1, FALSE, VALUES_NONE, cmd_life},
        {"down", "", "Takes the lab down and leaves nothing behind",
         "Removes the lab's processes, namespaces, mounts and files, also after a crash. One that does not run is no "
         "error.",
         no_options, 0, 0, FALSE, VALUES_NONE, cmd_down},
        {NULL},
};
