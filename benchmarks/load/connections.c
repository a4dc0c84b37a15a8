/* Opens connections, and reads from all of them. */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 50, EVENTS = 1024, PIECE = 1 << 18, OPEN_SECONDS = 30, ADDRESSES = 200 };

struct connection *connections;
static const struct mode *mode;
static int poller = -1, opened, ready;
static char *piece; /* receive buffer; begins with the rest of the last read */
static size_t piece_room;

void fail(const char *form, ...) {
    va_list values;
    va_start(values, form);
    vfprintf(stderr, form, values);
    va_end(values);
    fputc('\n', stderr);
    exit(3);
}

uint64_t now_us(void) {
    static uint64_t start;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
    if (!start)
        start = now;
    return now - start;
}

/* A client waits for an answer before it sends more: a full send buffer is a fault. */
void send_bytes(struct connection *c, const void *data, size_t n) {
    ssize_t sent = send(c->fd, data, n, MSG_NOSIGNAL);
    if (sent != (ssize_t)n)
        fail("connection %d did not accept all bytes: %s", c->number, strerror(errno));
}

void became_ready(struct connection *c) {
    c->ready = true;
    ready++;
}

/* Stores an incomplete head or frame until the next read. */
void store_rest(struct connection *c, const char *data, size_t n) {
    if (n > c->rest_room) {
        c->rest_room = 2 * n;
        char *bigger = malloc(c->rest_room);
        if (!bigger)
            fail("out of memory");
        memcpy(bigger, data, n);
        free(c->rest);
        c->rest = bigger;
    } else if (n) {
        memmove(c->rest, data, n);
    }
    c->rest_size = n;
}

/* Binds to one of 200 loopback addresses: a server may limit connections per address. */
static void bind_address(struct connection *c) {
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)c->number % ADDRESSES);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from))
        fail("connection %d: %s", c->number, strerror(errno));
}

static void connect_one(struct connection *c) {
    int port = options.ports[c->number % options.port_count], on = 1;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        fail("connection %d: %s", c->number, strerror(errno));
    bind_address(c);
    if (connect(c->fd, (struct sockaddr *)&where, sizeof where))
        fail("connection %d to port %d: %s", c->number, port, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
    char request[1024];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n",
                     options.path, port, mode->headers);
    send_bytes(c, request, (size_t)n);
}

/* The size of the response head; 0 if it is incomplete. */
static size_t read_head(struct connection *c, const char *data, size_t n) {
    const char *end = memmem(data, n, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t size = (size_t)(end - data) + 4;
    if (n < 12 || (memcmp(data + 9, "101", 3) && memcmp(data + 9, "200", 3)))
        fail("connection %d got the response: %.*s", c->number, (int)size, data);
    char head[4096];
    snprintf(head, sizeof head, "%.*s", (int)size, data);
    c->has_head = true;
    c->chunked = strcasestr(head, "transfer-encoding: chunked") != NULL;
    mode->opened(c);
    return size;
}

static void make_room(size_t stored) {
    if (piece_room < stored + PIECE) {
        piece_room = 2 * (stored + PIECE);
        free(piece);
        piece = malloc(piece_room);
        if (!piece)
            fail("out of memory");
    }
}

static void read_one(struct connection *c) {
    size_t stored = c->rest_size;
    make_room(stored);
    ssize_t n = recv(c->fd, piece + stored, PIECE, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        fail("the server ended connection %d: %s", c->number, n ? strerror(errno) : "end of file");
    memcpy(piece, c->rest, stored);
    c->rest_size = 0;
    size_t size = stored + (size_t)n, head = c->has_head ? 0 : read_head(c, piece, size);
    if (!c->has_head)
        store_rest(c, piece, size);
    else if (size > head)
        mode->received(c, piece + head, size - head);
}

/* Reads from all connections until `done` returns true, or until the deadline. */
void poll_until(uint64_t deadline_us, bool (*done)(void)) {
    struct epoll_event events[EVENTS];
    for (uint64_t now = now_us(); now < deadline_us && !(done && done()); now = now_us()) {
        uint64_t left = (deadline_us - now + 999) / 1000;
        int n = epoll_wait(poller, events, EVENTS, left > 100 ? 100 : (int)left);
        for (int i = 0; i < n; i++)
            read_one(events[i].data.ptr);
    }
}

static bool enough_are_ready(void) {
    return ready == options.connections || (opened < options.connections && opened - ready < AT_ONCE);
}

/* Opens all connections, AT_ONCE at a time, and waits until each is ready. */
void open_all(const struct mode *of) {
    mode = of;
    poller = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc((size_t)options.connections, sizeof *connections);
    uint64_t deadline = now_us() + OPEN_SECONDS * 1000000ULL;
    while (ready < options.connections) {
        for (; opened < options.connections && opened - ready < AT_ONCE; opened++) {
            connections[opened].number = opened;
            connect_one(&connections[opened]);
        }
        poll_until(deadline, enough_are_ready);
        if (now_us() >= deadline)
            fail("only %d of %d connections became ready", ready, options.connections);
    }
}
