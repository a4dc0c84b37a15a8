/* A room: all connections receive each message. A talker sends its next message when the last one
 * has come back. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A message begins with its mark: @run:talker:number@, all hexadecimal. The rest is for size. */
enum { MARK = 1 + 4 + 1 + 4 + 1 + 8 + 1, DRAIN_SECONDS = 60, LONGER = 6 };
#define REST " It is as long as what people say in a room."
#define BODY "@%04x:%04x:%08x@" REST
enum { REST_SIZE = sizeof REST - 1 };

struct reader {
    uint32_t *next; /* the next message number of each talker */
    uint64_t order; /* a hash of all messages in the order of arrival */
    int talker;     /* this connection's own number among the talkers, or -1 */
    uint64_t sent_at;
};

static uint32_t *sent; /* messages sent, by talker */
static bool talking, measuring;
static uint64_t delivered, waiting;
static struct sample latencies;

static unsigned run_number(void) { return (unsigned)getpid() & 0xffff; }

static void talk(struct connection *c, struct reader *reader) {
    char body[128];
    uint32_t number = sent[reader->talker]++;
    snprintf(body, sizeof body, BODY, run_number(), (unsigned)reader->talker, number);
    waiting++;
    reader->sent_at = now_us();
    send_message(c, body, number);
}

static void own_received(struct connection *c, struct reader *reader) {
    waiting--;
    if (measuring)
        add(&latencies, (uint32_t)(now_us() - reader->sent_at));
    if (talking)
        talk(c, reader);
}

static unsigned hexadecimal(const char *at, int digits) {
    unsigned value = 0;
    for (int i = 0; i < digits; i++) /* without branches: bit 6 is set in letters only */
        value = value << 4 | ((unsigned)(at[i] & 15) + 9 * (unsigned)(at[i] >> 6));
    return value;
}

static void mark_received(struct connection *c, struct reader *reader, const char *mark) {
    if (hexadecimal(mark + 1, 4) != run_number())
        return; /* a message of an earlier run */
    unsigned talker = hexadecimal(mark + 6, 4), number = hexadecimal(mark + 11, 8);
    if (talker >= (unsigned)options.talkers)
        fail("reader %d received a message of talker %u, which does not exist", c->number, talker);
    if (number != reader->next[talker])
        fail("reader %d received message %u of talker %u, and %u was next: lost, doubled or reordered",
             c->number, number, talker, reader->next[talker]);
    reader->next[talker]++;
    reader->order = (reader->order ^ (talker << 20 ^ number)) * 0x100000001b3ULL; /* FNV-1a */
    delivered += measuring;
    if ((int)talker == reader->talker)
        own_received(c, reader);
}

static void text_received(struct connection *c, const char *payload, size_t n) {
    const char *end = payload + n;
    for (const char *at = payload; (at = memchr(at, '@', (size_t)(end - at))); at += MARK)
        if (end - at >= MARK + REST_SIZE && !memcmp(at + MARK - 1, "@" REST, REST_SIZE + 1))
            mark_received(c, c->own, at);
        else
            fail("reader %d received a message that is not complete: %.*s", c->number, (int)n, payload);
}

static struct reader *reader_of(int number) { return connections[number].own; }

static void make_readers(void) {
    size_t talkers = (size_t)options.talkers;
    sent = calloc(talkers, sizeof *sent);
    for (int i = 0; i < options.connections; i++) {
        struct reader *reader = calloc(1, sizeof *reader);
        reader->next = calloc(talkers, sizeof *reader->next);
        reader->talker = -1;
        connections[i].own = reader;
    }
    for (int talker = 0; talker < options.talkers; talker++)
        reader_of(talker * (options.connections / options.talkers))->talker = talker;
}

static bool all_received(void) {
    if (waiting)
        return false;
    for (int i = 0; i < options.connections; i++)
        if (memcmp(reader_of(i)->next, sent,
                   (size_t)options.talkers * sizeof *sent))
            return false;
    return true;
}

static void check_everything_came(void) {
    poll_until(now_us() + DRAIN_SECONDS * 1000000ULL, all_received);
    if (!all_received())
        fail("not every reader has received every message after %d seconds", DRAIN_SECONDS);
}

/* Whether all readers received all messages in the same order. */
static bool one_order(void) {
    for (int i = 1; i < options.connections; i++)
        if (reader_of(i)->order != reader_of(0)->order)
            return false;
    return true;
}

/* A window in which each talker gets one message back would count the fast messages only. */
static bool enough_are_measured(void) { return latencies.count >= 2 * (size_t)options.talkers; }

static void start_talking(void) {
    talking = true;
    for (int i = 0; i < options.connections; i++)
        if (reader_of(i)->talker >= 0)
            talk(&connections[i], connections[i].own);
}

int run_rooms(void) {
    if (options.talkers < 1 || options.talkers > MOST_TALKERS || options.talkers > options.connections)
        fail("%d talkers are not possible with %d connections", options.talkers, options.connections);
    open_all(room_mode(text_received));
    make_readers();
    start_talking();
    poll_until(now_us() + (uint64_t)(options.warmup * 1e6), NULL);
    measuring = true;
    struct window window = begin_window();
    poll_until(window.from + (uint64_t)(options.seconds * 1e6), NULL);
    poll_until(window.from + LONGER * (uint64_t)(options.seconds * 1e6), enough_are_measured);
    end_window(&window);
    measuring = talking = false;
    check_everything_came();
    printf("{\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"delivered_per_s\": %.1f, \"delivered\": %llu, "
           "\"messages\": %zu, \"one_order\": %s, \"seconds\": %.3f, \"load_busy\": %.3f}\n",
           percentile(&latencies, 0.5) / 1e3, percentile(&latencies, 0.99) / 1e3,
           (double)delivered / window.seconds, (unsigned long long)delivered, latencies.count,
           one_order() ? "true" : "false", window.seconds, window.busy / window.seconds);
    return 0;
}
