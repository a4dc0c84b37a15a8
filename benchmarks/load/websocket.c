/* A client's frames (RFC 6455, section 5.2). */
#include "load.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SENT = 2048 };
static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

void send_frame(struct connection *c, int opcode, const char *payload, size_t n) {
    unsigned char frame[MOST_SENT + 8];
    size_t head = 2;
    if (n > MOST_SENT)
        fail("a frame of %zu bytes is too large to send", n);
    frame[0] = (unsigned char)(0x80 | opcode);
    frame[1] = (unsigned char)(0x80 | (n < 126 ? n : 126));
    if (n >= 126) {
        frame[2] = (unsigned char)(n >> 8);
        frame[3] = (unsigned char)n;
        head = 4;
    }
    memcpy(frame + head, MASK, 4);
    for (size_t i = 0; i < n; i++)
        frame[head + 4 + i] = (unsigned char)payload[i] ^ MASK[i & 3];
    send_bytes(c, frame, head + 4 + n);
}

void send_text(struct connection *c, const char *form, ...) {
    char text[MOST_SENT];
    va_list values;
    va_start(values, form);
    int n = vsnprintf(text, sizeof text, form, values);
    va_end(values);
    send_frame(c, TEXT, text, (size_t)n);
}

/* Sizes of a frame's head and payload; false if the head is incomplete. */
static bool sizes_of(const unsigned char *at, size_t n, size_t *head, uint64_t *size) {
    if (n < 2)
        return false;
    *size = at[1] & 0x7f;
    size_t width = *size == 126 ? 2 : *size == 127 ? 8 : 0;
    *head = 2 + width;
    if (n < *head)
        return false;
    if (width)
        *size = 0;
    for (size_t i = 0; i < width; i++)
        *size = *size << 8 | at[2 + i];
    return true;
}

void read_frames(struct connection *c, const char *data, size_t n,
                 void (*text)(struct connection *, const char *payload, size_t n)) {
    size_t head;
    uint64_t size;
    while (sizes_of((const unsigned char *)data, n, &head, &size) && n - head >= size) {
        int opcode = data[0] & 0x0f;
        const char *payload = data + head;
        if (!(data[0] & 0x80) || opcode == BINARY)
            fail("an unexpected kind of frame: %02x", (unsigned char)data[0]);
        if (opcode == CLOSE)
            fail("the server closed socket %d", c->number);
        if (opcode == PING)
            send_frame(c, PONG, payload, size);
        if (opcode == TEXT)
            text(c, payload, size);
        data += head + size;
        n -= head + size;
    }
    store_rest(c, data, n);
}
