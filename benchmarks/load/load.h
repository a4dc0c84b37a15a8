/* The load generator: one process, one thread, one epoll. It must need less time for thousands of
 * connections than any server that it measures. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_TALKERS = 1024, MOST_PORTS = 16 };

struct options {
    const char *mode, *dialect, *path, *kind, *text;
    int ports[MOST_PORTS], port_count;
    int connections, talkers, interval_ms, most_seconds;
    double warmup, seconds;
};

struct connection;

/* The callbacks of a mode. */
struct mode {
    const char *headers;                                           /* of the request, beyond Host */
    void (*opened)(struct connection *);                            /* after the response's head */
    void (*received)(struct connection *, const char *data, size_t n); /* bytes of the body */
};

struct connection {
    int fd, number;
    bool has_head, ready, chunked;
    char *rest; /* an incomplete head or frame */
    size_t rest_size, rest_room;
    void *own; /* state of the mode */
};

extern struct options options;
extern struct connection *connections;

/* window.c: prints "begin" and "end" around the measured part, so that the parent process can read
 * the processor time of the server at these moments. */
struct window {
    uint64_t from;
    double seconds, busy; /* its length, and the processor time of this process in it */
};
struct window begin_window(void);
void end_window(struct window *window);

/* connections.c: all times are microseconds since the start. */
uint64_t now_us(void);
void open_all(const struct mode *mode);
void poll_until(uint64_t deadline_us, bool (*done)(void));
void send_bytes(struct connection *c, const void *data, size_t n);
void became_ready(struct connection *c);
void store_rest(struct connection *c, const char *data, size_t n);
void fail(const char *form, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* websocket.c */
enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
#define UPGRADE                                                                                  \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                  \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
void send_frame(struct connection *c, int opcode, const char *payload, size_t n);
void send_text(struct connection *c, const char *form, ...) __attribute__((format(printf, 2, 3)));
/* Calls `text` for each complete text frame, and answers pings. */
void read_frames(struct connection *c, const char *data, size_t n,
                 void (*text)(struct connection *, const char *payload, size_t n));

/* dialects.c: the protocols of room servers. */
const struct mode *room_mode(void (*text)(struct connection *, const char *payload, size_t n));
void send_message(struct connection *c, const char *body, uint32_t number);

/* figures.c */
struct sample {
    uint32_t *values;
    size_t count, room;
};
void add(struct sample *sample, uint32_t value);
double percentile(struct sample *sample, double share);

int run_rooms(void);
int run_streams(void);
int run_idle(void);

#define EVENT_STREAM "Accept: text/event-stream\r\n"
