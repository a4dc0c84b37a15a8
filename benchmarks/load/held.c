/* Connections that are only held: opened, counted, and kept until the input ends. */
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

/* A stream is open when it has a head; its text may come later, and is nobody's matter here. */
static void drop(struct connection *c, const char *data, size_t n) {
    (void)c, (void)data, (void)n;
}

static const struct mode silent_stream = {
    .headers = EVENT_STREAM, .begun = became_ready, .take = drop};

int run_held(void) {
    open_all(strcmp(asked.kind, "stream") ? room_mode(ignore) : &silent_stream);
    puts("ready");
    fflush(stdout);
    poll_until(now_us() + (uint64_t)asked.most_seconds * 1000000ULL, input_ended);
    return 0;
}
