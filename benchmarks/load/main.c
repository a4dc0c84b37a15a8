/* load rooms|streams|idle --port N[,N] --path P …: prints one JSON object of figures. A void run has
 * status 3, and its reason on stderr. */
#define _GNU_SOURCE
#include "load.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = {.dialect = "text", .path = "/", .kind = "socket", .text = "",
                        .connections = 1, .talkers = 1, .interval_ms = 20, .most_seconds = 600,
                        .warmup = 1, .seconds = 5};

static const struct option OPTIONS[] = {
    {"port", required_argument, NULL, 'p'},        {"path", required_argument, NULL, 'a'},
    {"dialect", required_argument, NULL, 'd'},     {"kind", required_argument, NULL, 'k'},
    {"text", required_argument, NULL, 't'},        {"connections", required_argument, NULL, 'c'},
    {"talkers", required_argument, NULL, 'n'},     {"interval-ms", required_argument, NULL, 'i'},
    {"warmup", required_argument, NULL, 'w'},      {"seconds", required_argument, NULL, 's'},
    {"most-seconds", required_argument, NULL, 'm'}, {0}};

static void read_ports(char *list) {
    char *one = strtok(list, ",");
    for (; one && options.port_count < MOST_PORTS; one = strtok(NULL, ","))
        options.ports[options.port_count++] = atoi(one);
}

static void read_option(int option) {
    switch (option) {
    case 'p': read_ports(optarg); break;
    case 'a': options.path = optarg; break;
    case 'd': options.dialect = optarg; break;
    case 'k': options.kind = optarg; break;
    case 't': options.text = optarg; break;
    case 'c': options.connections = atoi(optarg); break;
    case 'n': options.talkers = atoi(optarg); break;
    case 'i': options.interval_ms = atoi(optarg); break;
    case 'w': options.warmup = atof(optarg); break;
    case 's': options.seconds = atof(optarg); break;
    case 'm': options.most_seconds = atoi(optarg); break;
    default: exit(2);
    }
}

int main(int count, char **words) {
    for (int option; (option = getopt_long(count, words, "", OPTIONS, NULL)) != -1;)
        read_option(option);
    options.mode = optind < count ? words[optind] : "";
    if (options.connections < 1 || !options.port_count)
        return fputs("--port and --connections are needed\n", stderr), 2;
    if (!strcmp(options.mode, "rooms"))
        return run_rooms();
    if (!strcmp(options.mode, "streams"))
        return run_streams();
    if (!strcmp(options.mode, "idle"))
        return run_idle();
    return fputs("the mode is rooms, streams or idle\n", stderr), 2;
}
