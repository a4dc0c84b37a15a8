/* Text streams: when each event arrives, and when it was due. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 256, LATE_US = 250000, GRACE_US = 1000000 };

struct reader {
    long chunk;       /* bytes left in the chunk; -1 while its size is read */
    char line[LINE];  /* the current line */
    size_t line_size; /* may exceed LINE: longer lines are ignored */
    char size[24];    /* the size line of the chunk */
    size_t size_size;
    bool has_data, is_message;
    char data[8];
    size_t data_size;
    size_t at; /* index in the text of the next character */
    struct sample arrivals;
};

static size_t text_size;

static void event_received(struct connection *c, struct reader *r) {
    if (r->data_size != 1)
        fail("stream %d: an event of %zu bytes: %.8s", c->number, r->data_size, r->data);
    if (!c->ready) {
        const char *found = strchr(options.text, r->data[0]);
        if (!found)
            fail("stream %d: begins with %c, which is not in the text", c->number, r->data[0]);
        r->at = (size_t)(found - options.text);
        became_ready(c);
    }
    if (r->data[0] != options.text[r->at])
        fail("stream %d: %c came, and %c was next: lost, doubled or reordered", c->number,
             r->data[0], options.text[r->at]);
    r->at = (r->at + 1) % text_size;
    add(&r->arrivals, (uint32_t)now_us());
}

static bool field(struct reader *r, const char *name, const char **value, size_t *n) {
    size_t size = strlen(name);
    if (r->line_size < size || memcmp(r->line, name, size))
        return false;
    size += r->line_size > size && r->line[size] == ' ';
    *value = r->line + size;
    *n = r->line_size - size;
    return true;
}

/* A line of an event stream (HTML, 9.2.6). */
static void line_received(struct connection *c, struct reader *r) {
    const char *value;
    size_t n;
    if (r->line_size == 0) {
        if (r->has_data && r->is_message)
            event_received(c, r);
        r->has_data = false;
        r->is_message = true;
    } else if (field(r, "data:", &value, &n)) {
        r->has_data = true;
        r->data_size = n;
        memcpy(r->data, value, n < sizeof r->data ? n : sizeof r->data);
    } else if (field(r, "event:", &value, &n)) {
        r->is_message = n == 7 && !memcmp(value, "message", 7);
    }
}

static void byte_received(struct connection *c, struct reader *r, char byte) {
    if (byte == '\n') {
        if (r->line_size && r->line_size <= LINE && r->line[r->line_size - 1] == '\r')
            r->line_size--;
        if (r->line_size < LINE)
            line_received(c, r);
        r->line_size = 0;
    } else if (r->line_size++ < LINE) {
        r->line[r->line_size - 1] = byte;
    }
}

/* A chunk's size in hexadecimal, which an extension may follow (RFC 9112, section 7.1). */
static void size_byte_received(struct connection *c, struct reader *r, char byte) {
    if (byte != '\n') {
        if (r->size_size < sizeof r->size - 1 && byte != '\r')
            r->size[r->size_size++] = byte;
    } else if (r->size_size) { /* not the line end after the last chunk */
        r->size[r->size_size] = 0;
        r->chunk = strtol(r->size, NULL, 16);
        r->size_size = 0;
        if (r->chunk == 0)
            fail("stream %d has ended", c->number);
    }
}

static void received(struct connection *c, const char *data, size_t n) {
    struct reader *r = c->own;
    for (size_t i = 0; i < n; i++) {
        if (c->chunked && r->chunk <= 0) {
            size_byte_received(c, r, data[i]);
        } else {
            byte_received(c, r, data[i]);
            r->chunk--;
        }
    }
}

static void opened(struct connection *c) {
    struct reader *r = c->own = calloc(1, sizeof *r);
    r->is_message = true;
}

static const struct mode stream_mode = {
    .headers = EVENT_STREAM, .opened = opened, .received = received};

/* The due time of the event `first`, in a schedule of one event per interval that no event of the
 * range precedes. Against this schedule a stream that falls behind is late, and not only slow. */
static int64_t base_of(const struct sample *arrivals, size_t first, size_t end, int64_t interval) {
    int64_t base = INT64_MAX;
    for (size_t k = first; k < end; k++) {
        int64_t at = (int64_t)arrivals->values[k] - (int64_t)(k - first) * interval;
        base = at < base ? at : base;
    }
    return base;
}

/* Adds the lateness of each event that was due in [from, to). An event that has not arrived counts
 * as one that arrived at `end`. */
static void add_lateness(const struct sample *arrivals, int64_t from, int64_t to, int64_t end,
                         struct sample *lateness) {
    int64_t interval = options.interval_ms * 1000LL;
    int64_t base = base_of(arrivals, 0, arrivals->count, interval);
    for (int64_t k = 0; base + k * interval < to; k++) {
        int64_t due = base + k * interval;
        int64_t came = (size_t)k < arrivals->count ? arrivals->values[k] : end;
        if (due >= from)
            add(lateness, (uint32_t)(came - due));
    }
}

static bool within(int64_t at, int64_t from, int64_t to) { return at >= from && at < to; }

/* Adds the unevenness: the lateness of each event against the best schedule of its own second. A
 * stream that is evenly slow is not uneven. */
static void add_unevenness(const struct sample *arrivals, int64_t from, int64_t to,
                           struct sample *unevenness) {
    int64_t interval = options.interval_ms * 1000LL;
    size_t second = 1000 / (size_t)options.interval_ms + 1, count = arrivals->count;
    for (size_t first = 0; first + second <= count; first += second) {
        int64_t base = base_of(arrivals, first, first + second, interval);
        for (size_t k = first; k < first + second; k++)
            if (within(arrivals->values[k], from, to))
                add(unevenness,
                    (uint32_t)(arrivals->values[k] - base - (int64_t)(k - first) * interval));
    }
}

int run_streams(void) {
    text_size = strlen(options.text);
    open_all(&stream_mode);
    poll_until(now_us() + (uint64_t)(options.warmup * 1e6), NULL);
    struct window window = begin_window();
    uint64_t from = window.from, to = from + (uint64_t)(options.seconds * 1e6);
    poll_until(to, NULL);
    end_window(&window);
    poll_until(to + GRACE_US, NULL);
    struct sample lateness = {0}, unevenness = {0};
    size_t read = 0, came = 0, in_time = 0;
    for (int i = 0; i < options.connections; i++) {
        const struct sample *arrivals = &((struct reader *)connections[i].own)->arrivals;
        read += arrivals->count;
        for (size_t k = 0; k < arrivals->count; k++)
            came += within(arrivals->values[k], (int64_t)from, (int64_t)to);
        add_lateness(arrivals, (int64_t)from, (int64_t)to, (int64_t)to + GRACE_US, &lateness);
        add_unevenness(arrivals, (int64_t)from, (int64_t)to, &unevenness);
    }
    for (size_t i = 0; i < lateness.count; i++)
        in_time += lateness.values[i] <= LATE_US;
    printf("{\"due_share\": %.5f, \"p50_late_ms\": %.3f, \"p99_late_ms\": %.3f, "
           "\"p99_uneven_ms\": %.3f, \"due\": %zu, \"read\": %zu, \"events\": %zu, "
           "\"events_per_s\": %.1f, \"seconds\": %.3f, \"load_busy\": %.3f}\n",
           (double)in_time / (double)lateness.count, percentile(&lateness, 0.5) / 1e3,
           percentile(&lateness, 0.99) / 1e3, percentile(&unevenness, 0.99) / 1e3, lateness.count,
           read, came, (double)came / options.seconds, window.seconds,
           window.busy / window.seconds);
    return 0;
}
