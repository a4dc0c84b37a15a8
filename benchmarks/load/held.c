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

int run_held(void) {
    if (!strcmp(asked.kind, "stream"))
        start_streams();
    else
        open_all(room_mode(ignore));
    puts("ready");
    fflush(stdout);
    poll_until(now_us() + (uint64_t)asked.most_seconds * 1000000ULL, input_ended);
    return 0;
}
