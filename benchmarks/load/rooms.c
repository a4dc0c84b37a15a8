/* A room: some talk, each waiting for its own message, and everybody hears everything. */
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

struct ears {
    uint32_t *next; /* the number that comes next, by talker */
    uint64_t order; /* of all that came, whoever said it */
    int talker;     /* this connection's own number among the talkers, or -1 */
    uint64_t said_at;
};

static uint32_t *said; /* by talker */
static bool talking, measuring;
static uint64_t delivered, waiting;
static struct sample latencies;

static unsigned run_number(void) { return (unsigned)getpid() & 0xffff; }

static void talk(struct connection *c, struct ears *ears) {
    char body[128];
    uint32_t number = said[ears->talker]++;
    snprintf(body, sizeof body, BODY, run_number(), (unsigned)ears->talker, number);
    waiting++;
    ears->said_at = now_us();
    say(c, body, number);
}

static void hear_own(struct connection *c, struct ears *ears) {
    waiting--;
    if (measuring)
        add(&latencies, (uint32_t)(now_us() - ears->said_at));
    if (talking)
        talk(c, ears);
}

static unsigned hexadecimal(const char *at, int digits) {
    unsigned value = 0;
    for (int i = 0; i < digits; i++) /* of a letter, bit 6 is set; no branch to be guessed wrong */
        value = value << 4 | ((unsigned)(at[i] & 15) + 9 * (unsigned)(at[i] >> 6));
    return value;
}

static void hear_mark(struct connection *c, struct ears *ears, const char *mark) {
    if (hexadecimal(mark + 1, 4) != run_number())
        return; /* what an earlier run has left in the room */
    unsigned talker = hexadecimal(mark + 6, 4), number = hexadecimal(mark + 11, 8);
    if (talker >= (unsigned)asked.talkers)
        lost("reader %d heard of talker %u, who does not exist", c->number, talker);
    if (number != ears->next[talker])
        lost("reader %d heard message %u of talker %u, and %u was next: lost, doubled or reordered",
             c->number, number, talker, ears->next[talker]);
    ears->next[talker]++;
    ears->order = (ears->order ^ (talker << 20 ^ number)) * 0x100000001b3ULL; /* FNV-1a */
    delivered += measuring;
    if ((int)talker == ears->talker)
        hear_own(c, ears);
}

static void hear(struct connection *c, const char *payload, size_t n) {
    const char *end = payload + n;
    for (const char *at = payload; (at = memchr(at, '@', (size_t)(end - at))); at += MARK)
        if (end - at >= MARK + REST_SIZE && !memcmp(at + MARK - 1, "@" REST, REST_SIZE + 1))
            hear_mark(c, c->own, at);
        else
            lost("reader %d got a message that is not whole: %.*s", c->number, (int)n, payload);
}

static struct ears *ears_of(int number) { return connections[number].own; }

static void give_ears(void) {
    size_t talkers = (size_t)asked.talkers;
    said = calloc(talkers, sizeof *said);
    for (int i = 0; i < asked.connections; i++) {
        struct ears *ears = calloc(1, sizeof *ears);
        ears->next = calloc(talkers, sizeof *ears->next);
        ears->talker = -1;
        connections[i].own = ears;
    }
    for (int talker = 0; talker < asked.talkers; talker++)
        ears_of(talker * (asked.connections / asked.talkers))->talker = talker;
}

static bool all_heard(void) {
    if (waiting)
        return false;
    for (int i = 0; i < asked.connections; i++)
        if (memcmp(ears_of(i)->next, said,
                   (size_t)asked.talkers * sizeof *said))
            return false;
    return true;
}

static void check_everything_came(void) {
    poll_until(now_us() + DRAIN_SECONDS * 1000000ULL, all_heard);
    if (!all_heard())
        lost("not everybody has heard everything %d seconds later", DRAIN_SECONDS);
}

/* Whether all heard the same in the same order, whoever said it. */
static bool one_order(void) {
    for (int i = 1; i < asked.connections; i++)
        if (ears_of(i)->order != ears_of(0)->order)
            return false;
    return true;
}

/* Where the next message takes long, half of them would be missed, and just the slow ones. */
static bool enough_are_measured(void) { return latencies.count >= 2 * (size_t)asked.talkers; }

static void start_talking(void) {
    talking = true;
    for (int i = 0; i < asked.connections; i++)
        if (ears_of(i)->talker >= 0)
            talk(&connections[i], connections[i].own);
}

int run_rooms(void) {
    if (asked.talkers < 1 || asked.talkers > MOST_TALKERS || asked.talkers > asked.connections)
        lost("so many cannot talk: %d of %d", asked.talkers, asked.connections);
    open_all(room_mode(hear));
    give_ears();
    start_talking();
    poll_until(now_us() + (uint64_t)(asked.warmup * 1e6), NULL);
    measuring = true;
    struct window window = begin_window();
    poll_until(window.from + (uint64_t)(asked.seconds * 1e6), NULL);
    poll_until(window.from + LONGER * (uint64_t)(asked.seconds * 1e6), enough_are_measured);
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
