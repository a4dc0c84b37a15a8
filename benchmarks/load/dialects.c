/* The protocol of each kind of room server. In received messages only the body is searched for. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dialect {
    const char *name, *headers, *hello; /* sent first, or NULL */
    const char *welcome;                /* start of the answer after which it is ready, or NULL */
    const char *ping, *pong;            /* start of an application ping, and its answer */
    const char *say;                    /* a message: %1$s is the body, the other numbers make an id */
};

/* Socket.IO 4. Engine.IO packets: 0 open, 2 ping, 3 pong, 4 message; Socket.IO: 0 connect, 2 event. */
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
static void (*on_text)(struct connection *, const char *, size_t);

static bool starts_with(const char *payload, size_t n, const char *with) {
    return with && n >= strlen(with) && !memcmp(payload, with, strlen(with));
}

static void text_received(struct connection *c, const char *payload, size_t n) {
    if (starts_with(payload, n, dialect->ping))
        send_frame(c, TEXT, dialect->pong, strlen(dialect->pong));
    else if (starts_with(payload, n, "{\"type\":\"error\"") || starts_with(payload, n, "{\"type\":\"bye\""))
        fail("refused: %.*s", (int)n, payload);
    else if (!c->ready && starts_with(payload, n, dialect->welcome))
        became_ready(c);
    else
        on_text(c, payload, n);
}

static void received(struct connection *c, const char *data, size_t n) {
    read_frames(c, data, n, text_received);
}

static void opened(struct connection *c) {
    if (dialect->hello)
        send_frame(c, TEXT, dialect->hello, strlen(dialect->hello));
    if (!dialect->welcome)
        became_ready(c);
}

void send_message(struct connection *c, const char *body, uint32_t number) {
    static unsigned run;
    run = run ? run : (unsigned)getpid();
    send_text(c, dialect->say, body, run, (unsigned)c->number, number);
}

const struct mode *room_mode(void (*text)(struct connection *, const char *, size_t)) {
    static struct mode mode = {.opened = opened, .received = received};
    for (size_t i = 0; i < sizeof DIALECTS / sizeof *DIALECTS; i++)
        if (!strcmp(DIALECTS[i].name, options.dialect))
            dialect = &DIALECTS[i];
    if (!dialect)
        fail("there is no dialect %s", options.dialect);
    on_text = text;
    mode.headers = dialect->headers;
    return &mode;
}
