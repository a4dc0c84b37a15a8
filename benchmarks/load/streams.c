/* Streams of text: what arrives when, against when it was due. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 256, LATE_US = 250000, GRACE_US = 1000000 };

struct reader {
    long chunk;       /* bytes that the chunk still has; -1 while its size is read */
    char line[LINE];  /* of the event stream, as far as it has come */
    size_t line_size; /* also beyond LINE, which no line that counts exceeds */
    char size[24];    /* of a chunk, as far as it has come */
    size_t size_size;
    bool has_data, is_message;
    char data[8];
    size_t data_size;
    size_t at; /* in the text: what must come next */
    struct sample arrivals;
};

static size_t text_size;

static void hear_event(struct connection *c, struct reader *r) {
    if (r->data_size != 1)
        lost("stream %d: an event of %zu bytes: %.8s", c->number, r->data_size, r->data);
    if (!c->ready) {
        const char *found = strchr(asked.text, r->data[0]);
        if (!found)
            lost("stream %d: begins with %c, which the text has not", c->number, r->data[0]);
        r->at = (size_t)(found - asked.text);
        became_ready(c);
    }
    if (r->data[0] != asked.text[r->at])
        lost("stream %d: %c came, and %c was next: lost, doubled or reordered", c->number,
             r->data[0], asked.text[r->at]);
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
static void take_line(struct connection *c, struct reader *r) {
    const char *value;
    size_t n;
    if (r->line_size == 0) {
        if (r->has_data && r->is_message)
            hear_event(c, r);
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

static void take_byte(struct connection *c, struct reader *r, char byte) {
    if (byte == '\n') {
        if (r->line_size && r->line_size <= LINE && r->line[r->line_size - 1] == '\r')
            r->line_size--;
        if (r->line_size < LINE)
            take_line(c, r);
        r->line_size = 0;
    } else if (r->line_size++ < LINE) {
        r->line[r->line_size - 1] = byte;
    }
}

/* A chunk's size in hexadecimal, which an extension may follow (RFC 9112, section 7.1). */
static void take_size_byte(struct connection *c, struct reader *r, char byte) {
    if (byte != '\n') {
        if (r->size_size < sizeof r->size - 1 && byte != '\r')
            r->size[r->size_size++] = byte;
    } else if (r->size_size) { /* and not the end of the chunk before */
        r->size[r->size_size] = 0;
        r->chunk = strtol(r->size, NULL, 16);
        r->size_size = 0;
        if (r->chunk == 0)
            lost("stream %d has ended", c->number);
    }
}

static void take(struct connection *c, const char *data, size_t n) {
    struct reader *r = c->own;
    for (size_t i = 0; i < n; i++) {
        if (c->chunked && r->chunk <= 0) {
            take_size_byte(c, r, data[i]);
        } else {
            take_byte(c, r, data[i]);
            r->chunk--;
        }
    }
}

static void begun(struct connection *c) {
    struct reader *r = c->own = calloc(1, sizeof *r);
    r->is_message = true;
}

static const struct mode stream_mode = {.headers = EVENT_STREAM, .begun = begun, .take = take};

/* When the first of these would have had to come so that each later one was due at its interval:
 * the earliest such time, so that who falls behind for ever is late and not merely slow. */
static int64_t base_of(const struct sample *arrivals, size_t first, size_t end, int64_t interval) {
    int64_t base = INT64_MAX;
    for (size_t k = first; k < end; k++) {
        int64_t at = (int64_t)arrivals->values[k] - (int64_t)(k - first) * interval;
        base = at < base ? at : base;
    }
    return base;
}

/* Adds how late each event was that was due between two moments; one that has not come at all is
 * as late as it would have been had it come when the reading ended. */
static void judge(const struct sample *arrivals, int64_t from, int64_t to, int64_t end,
                  struct sample *lateness) {
    int64_t interval = asked.interval_ms * 1000LL;
    int64_t base = base_of(arrivals, 0, arrivals->count, interval);
    for (int64_t k = 0; base + k * interval < to; k++) {
        int64_t due = base + k * interval;
        int64_t came = (size_t)k < arrivals->count ? arrivals->values[k] : end;
        if (due >= from)
            add(lateness, (uint32_t)(came - due));
    }
}

static bool within(int64_t at, int64_t from, int64_t to) { return at >= from && at < to; }

/* Adds how unevenly the events came, second by second: how late each was by the best even pace of
 * its own second, which forgives who is evenly slow. */
static void judge_evenness(const struct sample *arrivals, int64_t from, int64_t to,
                           struct sample *unevenness) {
    int64_t interval = asked.interval_ms * 1000LL;
    size_t second = 1000 / (size_t)asked.interval_ms + 1, count = arrivals->count;
    for (size_t first = 0; first + second <= count; first += second) {
        int64_t base = base_of(arrivals, first, first + second, interval);
        for (size_t k = first; k < first + second; k++)
            if (within(arrivals->values[k], from, to))
                add(unevenness,
                    (uint32_t)(arrivals->values[k] - base - (int64_t)(k - first) * interval));
    }
}

int run_streams(void) {
    text_size = strlen(asked.text);
    open_all(&stream_mode);
    poll_until(now_us() + (uint64_t)(asked.warmup * 1e6), NULL);
    struct window window = begin_window();
    uint64_t from = window.from, to = from + (uint64_t)(asked.seconds * 1e6);
    poll_until(to, NULL);
    end_window(&window);
    poll_until(to + GRACE_US, NULL);
    struct sample lateness = {0}, unevenness = {0};
    size_t read = 0, came = 0, in_time = 0;
    for (int i = 0; i < asked.connections; i++) {
        const struct sample *arrivals = &((struct reader *)connections[i].own)->arrivals;
        read += arrivals->count;
        for (size_t k = 0; k < arrivals->count; k++)
            came += within(arrivals->values[k], (int64_t)from, (int64_t)to);
        judge(arrivals, (int64_t)from, (int64_t)to, (int64_t)to + GRACE_US, &lateness);
        judge_evenness(arrivals, (int64_t)from, (int64_t)to, &unevenness);
    }
    for (size_t i = 0; i < lateness.count; i++)
        in_time += lateness.values[i] <= LATE_US;
    printf("{\"due_share\": %.5f, \"p50_late_ms\": %.3f, \"p99_late_ms\": %.3f, "
           "\"p99_uneven_ms\": %.3f, \"due\": %zu, \"read\": %zu, \"events\": %zu, "
           "\"events_per_s\": %.1f, \"seconds\": %.3f, \"load_busy\": %.3f}\n",
           (double)in_time / (double)lateness.count, percentile(&lateness, 0.5) / 1e3,
           percentile(&lateness, 0.99) / 1e3, percentile(&unevenness, 0.99) / 1e3, lateness.count,
           read, came, (double)came / asked.seconds, window.seconds,
           window.busy / window.seconds);
    return 0;
}
