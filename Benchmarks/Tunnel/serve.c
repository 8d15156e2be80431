// The applications behind the tunnel: echo, sink and source.
#include "driver.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/tcp.h>

enum kind { ECHO, SINK, SOURCE };
enum { ECHO_BYTES = 64 * 1024, TURNS = 8 };

struct end {
    int descriptor;
    enum kind kind;
    bool is_listener;
    /// Bytes so far: taken by a sink, sent by a source.
    uint64_t bytes;
    /// What an echo could not send at once.
    uint8_t *waiting;
    size_t waiting_start, waiting_end;
};

static int poller;
static uint32_t open_ends;
static uint8_t scratch[CHUNK];

static void watch(struct end *end, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = end};
    if (epoll_ctl(poller, operation, end->descriptor, &event)) fail("epoll_ctl");
}

static void drop(struct end *end) {
    close(end->descriptor);
    free(end->waiting);
    free(end);
    open_ends--;
}

static void listen_on(uint16_t port, enum kind kind) {
    struct end *listener = calloc(1, sizeof *listener);
    if (!listener) fail("memory");
    listener->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->kind = kind;
    listener->is_listener = true;
    int one = 1;
    setsockopt(listener->descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(listener->descriptor, (struct sockaddr *)&address, sizeof address) || listen(listener->descriptor, 4096))
        fail("port %d", port);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
}

static void accept_from(struct end *listener) {
    for (int turn = 0; turn < 64; turn++) {
        int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        struct end *end = open_ends < MOST_CONNECTIONS ? calloc(1, sizeof *end) : NULL;
        if (!end) {
            close(descriptor);
            continue;
        }
        open_ends++;
        int one = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        end->descriptor = descriptor;
        end->kind = listener->kind;
        watch(end, end->kind == SOURCE ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
    }
}

/// False when the connection is over.
static bool flush(struct end *end) {
    while (end->waiting_start < end->waiting_end) {
        ssize_t sent = send(end->descriptor, end->waiting + end->waiting_start, end->waiting_end - end->waiting_start, 0);
        if (sent < 0) return errno == EAGAIN;
        end->waiting_start += (size_t)sent;
    }
    free(end->waiting);
    end->waiting = NULL;
    watch(end, EPOLLIN, EPOLL_CTL_MOD);
    return true;
}

static bool echo(struct end *end) {
    if (end->waiting) return flush(end);
    ssize_t count = recv(end->descriptor, scratch, ECHO_BYTES, 0);
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    ssize_t sent = send(end->descriptor, scratch, (size_t)count, 0);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) sent = 0;
    if (sent == count) return true;
    end->waiting = malloc((size_t)(count - sent));
    if (!end->waiting) return false;
    memcpy(end->waiting, scratch + sent, (size_t)(count - sent));
    end->waiting_start = 0;
    end->waiting_end = (size_t)(count - sent);
    watch(end, EPOLLOUT, EPOLL_CTL_MOD);
    return true;
}

static bool sink(struct end *end) {
    for (int turn = 0; turn < TURNS; turn++) {
        ssize_t count = recv(end->descriptor, scratch, sizeof scratch, 0);
        if (count < 0) return errno == EAGAIN;
        if (count == 0) {
            uint64_t told = htobe64(end->bytes);
            // Eight bytes have room in a socket that has sent nothing; if not, the client misses them and says so.
            if (send(end->descriptor, &told, sizeof told, 0) != sizeof told) perror("driver: the sink's answer");
            return false;
        }
        if (!is_pattern(scratch, (size_t)count, end->bytes)) {
            fprintf(stderr, "driver: the sink got other bytes at %llu\n", (unsigned long long)end->bytes);
            return false;
        }
        end->bytes += (uint64_t)count;
    }
    return true;
}

static bool source(struct end *end, uint32_t events) {
    if (events & EPOLLIN && recv(end->descriptor, scratch, sizeof scratch, 0) == 0) return false;
    for (int turn = 0; turn < TURNS; turn++) {
        ssize_t sent = send(end->descriptor, pattern(end->bytes), CHUNK, 0);
        if (sent < 0) return errno == EAGAIN;
        end->bytes += (uint64_t)sent;
    }
    return true;
}

static bool serve(struct end *end, uint32_t events) {
    switch (end->kind) {
    case ECHO: return echo(end);
    case SINK: return sink(end);
    case SOURCE: return source(end, events);
    }
    return false;
}

void run_server(const struct options *options) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll_create1");
    for (int index = 0; index < 3; index++) listen_on(options->ports[index], (enum kind)index);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < count; index++) {
            struct end *end = events[index].data.ptr;
            if (end->is_listener) accept_from(end);
            else if (!serve(end, events[index].events)) drop(end);
        }
    }
}
