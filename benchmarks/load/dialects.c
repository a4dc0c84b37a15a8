/* How each kind of room server is spoken to. What comes back is looked through for the body alone,
 * whatever is around it. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dialect {
    const char *name, *headers, *hello; /* what is sent first, or nothing */
    const char *welcome;                /* how the answer begins that makes it ready; or nothing */
    const char *ping, *pong;            /* how a ping of its own begins, and what answers it */
    const char *say;                    /* with the body, and %3$08x where an id is wanted */
};

/* A socket of socket.io's version 4: Engine.IO 0 open, 2 ping, 3 pong, 4 message; then 0, 2. */
static const struct dialect DIALECTS[] = {
    {"text", UPGRADE, NULL, NULL, NULL, NULL, "%1$s"},
    {"tutorial", UPGRADE, NULL, NULL, NULL, NULL, "{\"message\":\"%1$s\"}"},
    {"socketio", UPGRADE, "40", "40{", "2", "3", "42[\"message\",\"%1$s\"]"},
    {"twinstream", UPGRADE "Sec-WebSocket-Protocol: twinstream.v1\r\n",
     "{\"type\":\"join\",\"room\":\"lobby\"}", "{\"type\":\"joined\"", "{\"type\":\"ping\"",
     "{\"type\":\"pong\",\"ts\":0}",
     "{\"type\":\"say\",\"room\":\"lobby\",\"cid\":\"%2$08x-%3$04x-%4$08x\",\"body\":\"%1$s\"}"},
};
static const struct dialect *dialect;
static void (*heard)(struct connection *, const char *, size_t);

static bool begins(const char *payload, size_t n, const char *with) {
    return with && n >= strlen(with) && !memcmp(payload, with, strlen(with));
}

static void take_text(struct connection *c, const char *payload, size_t n) {
    if (begins(payload, n, dialect->ping))
        send_frame(c, TEXT, dialect->pong, strlen(dialect->pong));
    else if (begins(payload, n, "{\"type\":\"error\"") || begins(payload, n, "{\"type\":\"bye\""))
        lost("refused: %.*s", (int)n, payload);
    else if (!c->ready && begins(payload, n, dialect->welcome))
        became_ready(c);
    else
        heard(c, payload, n);
}

static void take(struct connection *c, const char *data, size_t n) {
    take_frames(c, data, n, take_text);
}

static void begun(struct connection *c) {
    if (dialect->hello)
        send_frame(c, TEXT, dialect->hello, strlen(dialect->hello));
    if (!dialect->welcome)
        became_ready(c);
}

void say(struct connection *c, const char *body, uint32_t number) {
    static unsigned run;
    run = run ? run : (unsigned)getpid();
    send_text(c, dialect->say, body, run, (unsigned)c->number, number);
}

const struct mode *room_mode(void (*text)(struct connection *, const char *, size_t)) {
    static struct mode mode = {.begun = begun, .take = take};
    for (size_t i = 0; i < sizeof DIALECTS / sizeof *DIALECTS; i++)
        if (!strcmp(DIALECTS[i].name, asked.dialect))
            dialect = &DIALECTS[i];
    if (!dialect)
        lost("no dialect is called %s", asked.dialect);
    heard = text;
    mode.headers = dialect->headers;
    return &mode;
}
