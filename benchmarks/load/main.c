/* load rooms|streams|held --port N[,N] --path P …: prints one JSON object of figures; what makes
 * the run worth nothing goes to stderr, with the status 3. */
#define _GNU_SOURCE
#include "load.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options asked = {.dialect = "text", .path = "/", .kind = "socket", .text = "",
                        .connections = 1, .talkers = 1, .interval_ms = 20, .most_seconds = 600,
                        .warmup = 1, .seconds = 5};

static const struct option OPTIONS[] = {
    {"port", required_argument, NULL, 'p'},        {"path", required_argument, NULL, 'a'},
    {"dialect", required_argument, NULL, 'd'},     {"kind", required_argument, NULL, 'k'},
    {"text", required_argument, NULL, 't'},        {"connections", required_argument, NULL, 'c'},
    {"talkers", required_argument, NULL, 'n'},     {"interval-ms", required_argument, NULL, 'i'},
    {"warmup", required_argument, NULL, 'w'},      {"seconds", required_argument, NULL, 's'},
    {"most-seconds", required_argument, NULL, 'm'}, {0}};

static void take_ports(char *list) {
    char *one = strtok(list, ",");
    for (; one && asked.port_count < MOST_PORTS; one = strtok(NULL, ","))
        asked.ports[asked.port_count++] = atoi(one);
}

static void take_option(int option) {
    switch (option) {
    case 'p': take_ports(optarg); break;
    case 'a': asked.path = optarg; break;
    case 'd': asked.dialect = optarg; break;
    case 'k': asked.kind = optarg; break;
    case 't': asked.text = optarg; break;
    case 'c': asked.connections = atoi(optarg); break;
    case 'n': asked.talkers = atoi(optarg); break;
    case 'i': asked.interval_ms = atoi(optarg); break;
    case 'w': asked.warmup = atof(optarg); break;
    case 's': asked.seconds = atof(optarg); break;
    case 'm': asked.most_seconds = atoi(optarg); break;
    default: exit(2);
    }
}

int main(int count, char **words) {
    for (int option; (option = getopt_long(count, words, "", OPTIONS, NULL)) != -1;)
        take_option(option);
    asked.mode = optind < count ? words[optind] : "";
    if (asked.connections < 1 || !asked.port_count)
        return fputs("--port and --connections are needed\n", stderr), 2;
    if (!strcmp(asked.mode, "rooms"))
        return run_rooms();
    if (!strcmp(asked.mode, "streams"))
        return run_streams();
    if (!strcmp(asked.mode, "held"))
        return run_held();
    return fputs("say rooms, streams or held\n", stderr), 2;
}
