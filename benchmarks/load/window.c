/* The measured part of a run. */
#include "load.h"
#include <stdio.h>
#include <sys/resource.h>

static double busy_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct window begin_window(void) {
    puts("begin");
    fflush(stdout);
    return (struct window){.from = now_us(), .busy = busy_seconds()};
}

void end_window(struct window *window) {
    window->seconds = (double)(now_us() - window->from) / 1e6;
    window->busy = busy_seconds() - window->busy;
    puts("end");
    fflush(stdout);
}
