/* Idle connections: opened, and left open until the end of standard input. */
#include "load.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void ignore(struct connection *c, const char *payload, size_t n) {
    (void)c, (void)payload, (void)n;
}

static bool input_ended(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

/* A stream is ready after its response head. Its text is ignored. */
static void drop(struct connection *c, const char *data, size_t n) {
    (void)c, (void)data, (void)n;
}

static const struct mode silent_stream = {
    .headers = EVENT_STREAM, .opened = became_ready, .received = drop};

int run_idle(void) {
    open_all(strcmp(options.kind, "stream") ? room_mode(ignore) : &silent_stream);
    puts("ready");
    fflush(stdout);
    poll_until(now_us() + (uint64_t)options.most_seconds * 1000000ULL, input_ended);
    return 0;
}
