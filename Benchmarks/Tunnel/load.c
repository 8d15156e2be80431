// The clients: requests, connections, bulk, and connections that are only held.
#include "driver.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/// How long connections may take to be there, and how long an exchange may hang before it counts as an error.
static const uint64_t SETUP = 30000000000ull, STALLED = 5000000000ull;

struct client {
    int descriptor;
    uint32_t index;
    bool is_connected;
    bool is_done;
    /// When the exchange under way began.
    uint64_t began;
    /// Bytes of the exchange, or of the stream for bulk.
    uint64_t sent, received;
};

enum phase { SETTING_UP, WARMING, MEASURING, ENDING };

static struct {
    const struct options *options;
    int poller;
    struct client *clients;
    uint32_t connected, next_address, errors;
    enum phase phase;
    uint64_t phase_ends, began, ended, processor;
    uint64_t count, bytes;
    struct histogram latencies;
} run;

static uint8_t scratch[CHUNK];

static void watch(struct client *client, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(run.poller, operation, client->descriptor, &event)) fail("epoll_ctl");
}

static void start(struct client *client) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(run.options->ports[0])};
    address.sin_addr.s_addr = htonl(ntohl(run.options->address.s_addr) + run.next_address++ % run.options->spread);
    client->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0) fail("socket");
    int one = 1;
    setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    client->is_connected = false;
    client->sent = client->received = 0;
    client->began = now();
    if (connect(client->descriptor, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        fail("connect to port %d", run.options->ports[0]);
    watch(client, EPOLLOUT, EPOLL_CTL_ADD);
}

static void count_error(const char *what) {
    if (run.errors++ < 3) fprintf(stderr, "driver: %s: %s\n", what, errno ? strerror(errno) : "");
    if (run.errors > MOST_ERRORS) fail("more than %d errors", MOST_ERRORS);
}

/// After a connection failed: another takes its place where connections come and go, else the run makes no sense.
static void replace(struct client *client, const char *what, bool is_short) {
    count_error(what);
    if (!is_short) fail("a connection that should last is lost");
    close(client->descriptor);
    start(client);
}

/// Sends what is left of a request; false when the connection is lost.
static bool send_request(struct client *client, uint32_t size) {
    ssize_t sent = send(client->descriptor, pattern(client->index) + client->sent, size - client->sent, 0);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) client->sent += (uint64_t)sent;
    return true;
}

static bool begin_request(struct client *client, uint32_t size) {
    client->sent = client->received = 0;
    client->began = now();
    if (!send_request(client, size)) return false;
    if (client->sent < size) watch(client, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    return true;
}

/// Takes a part of the answer: 1 when it is whole, 0 when more is needed, -1 when it is wrong or the connection lost.
static int take_answer(struct client *client, uint32_t size) {
    ssize_t count = recv(client->descriptor, scratch, size - client->received, 0);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count <= 0) return -1;
    if (memcmp(scratch, pattern(client->index) + client->received, (size_t)count)) fail("other bytes came back");
    client->received += (uint64_t)count;
    return client->received == size;
}

static void finish_exchange(struct client *client) {
    if (run.phase != MEASURING) return;
    run.count++;
    record(&run.latencies, now() - client->began);
}

/// Whether the connection is there now; counts those that are.
static bool is_connected(struct client *client, uint32_t then) {
    if (client->is_connected) return true;
    int problem = 0;
    socklen_t length = sizeof problem;
    getsockopt(client->descriptor, SOL_SOCKET, SO_ERROR, &problem, &length);
    errno = problem;
    if (problem) return false;
    client->is_connected = true;
    run.connected++;
    watch(client, then, EPOLL_CTL_MOD);
    return true;
}

static void on_request(struct client *client, uint32_t events) {
    uint32_t size = run.options->size;
    if (!client->is_connected) {
        if (!is_connected(client, EPOLLIN) || !begin_request(client, size)) replace(client, "connect", false);
        return;
    }
    if (events & EPOLLOUT && client->sent < size) {
        if (!send_request(client, size)) return replace(client, "send", false);
        if (client->sent == size) watch(client, EPOLLIN, EPOLL_CTL_MOD);
    }
    int taken = take_answer(client, size);
    if (taken > 0) finish_exchange(client);
    if (taken < 0 || (taken > 0 && !begin_request(client, size))) replace(client, "receive", false);
}

static void on_connection(struct client *client, uint32_t events) {
    (void)events;
    if (!client->is_connected) {
        if (!is_connected(client, EPOLLIN) || !send_request(client, 1)) replace(client, "connect", true);
        return;
    }
    int taken = take_answer(client, 1);
    if (taken < 0) return replace(client, "receive", true);
    if (taken == 0) return;
    finish_exchange(client);
    // Nothing is left to read, so this sends FIN.
    close(client->descriptor);
    start(client);
}

static void on_upload(struct client *client, uint32_t events) {
    (void)events;
    if (!is_connected(client, EPOLLOUT)) return replace(client, "connect", false);
    if (run.phase == ENDING) {
        uint64_t told = 0;
        ssize_t count = recv(client->descriptor, &told, sizeof told, 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count != sizeof told) fail("no answer of the sink");
        errno = 0;
        if (be64toh(told) != client->sent)
            fail("of %llu bytes %llu came", (unsigned long long)client->sent, (unsigned long long)be64toh(told));
        client->is_done = true;
        close(client->descriptor);
        return;
    }
    for (int turn = 0; turn < 8; turn++) {
        ssize_t sent = send(client->descriptor, pattern(client->sent), CHUNK, 0);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0) fail("send");
        client->sent += (uint64_t)sent;
        run.bytes += (uint64_t)sent;
    }
}

static void on_download(struct client *client, uint32_t events) {
    (void)events;
    if (!is_connected(client, EPOLLIN)) return replace(client, "connect", false);
    for (int turn = 0; turn < 8; turn++) {
        ssize_t count = recv(client->descriptor, scratch, sizeof scratch, 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) fail("receive");
        errno = 0;
        if (!is_pattern(scratch, (size_t)count, client->received)) fail("other bytes came");
        client->received += (uint64_t)count;
        run.bytes += (uint64_t)count;
    }
}

/// Goes on to the next phase when it is time. False when the run is over.
static bool advance(uint64_t time) {
    if (run.phase == SETTING_UP && run.connected >= run.options->connections) {
        run.phase = WARMING;
        run.phase_ends = time + (uint64_t)(run.options->warm * 1e9);
    }
    if (time < run.phase_ends) return true;
    errno = 0;
    switch (run.phase) {
    case SETTING_UP: fail("%u of %u connections after 30 s", run.connected, run.options->connections);
    case WARMING:
        run.phase = MEASURING;
        run.count = run.bytes = 0;
        run.processor = processor_time(run.options);
        run.began = now();
        run.phase_ends = run.began + (uint64_t)(run.options->seconds * 1e9);
        return true;
    case MEASURING:
        run.ended = now();
        run.processor = processor_time(run.options) - run.processor;
        run.phase = ENDING;
        run.phase_ends = time + 2 * STALLED;
        return false;
    case ENDING: fail("the end of a stream took more than 10 s");
    }
    return false;
}

/// Serves events until the measured time is over (true), or until nothing is left to wait for at the end (false).
static void serve(void (*on_event)(struct client *, uint32_t), bool until_done) {
    for (;;) {
        uint64_t time = now();
        if (!advance(time)) return;
        if (until_done) {
            bool is_done = true;
            for (uint32_t index = 0; index < run.options->connections; index++) is_done &= run.clients[index].is_done;
            if (is_done) return;
        }
        struct epoll_event events[256];
        uint64_t left = (run.phase_ends - now()) / 1000000;
        int count = epoll_wait(run.poller, events, 256, run.phase_ends < now() ? 0 : left > 50 ? 50 : (int)left);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < count; index++) on_event(events[index].data.ptr, events[index].events);
    }
}

static void set_up(const struct options *options, void (*on_event)(struct client *, uint32_t)) {
    run.options = options;
    run.poller = epoll_create1(EPOLL_CLOEXEC);
    run.clients = calloc(options->connections, sizeof *run.clients);
    if (run.poller < 0 || !run.clients) fail("memory");
    run.phase_ends = now() + SETUP;
    for (uint32_t index = 0; index < options->connections; index++) {
        run.clients[index].index = index;
        start(&run.clients[index]);
    }
    serve(on_event, false);
}

static void report(void) {
    double seconds = (double)(run.ended - run.began) / 1e9;
    printf("{\"seconds\": %.6f, \"count\": %llu, \"bytes\": %llu, \"opened\": %u, \"errors\": %u, "
           "\"processorSeconds\": %.9f, \"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f}\n",
           seconds, (unsigned long long)run.count, (unsigned long long)run.bytes, run.next_address, run.errors,
           (double)run.processor / 1e9, quantile(&run.latencies, 0.5), quantile(&run.latencies, 0.99),
           quantile(&run.latencies, 0.999));
}

static void report_exchanges(void) {
    for (uint32_t index = 0; index < run.options->connections; index++) {
        errno = 0;
        if (run.ended - run.clients[index].began > STALLED && run.ended > run.clients[index].began)
            count_error("an exchange hangs");
    }
    report();
}

void run_requests(const struct options *options) {
    set_up(options, on_request);
    report_exchanges();
}

void run_connections(const struct options *options) {
    set_up(options, on_connection);
    report_exchanges();
}

void run_bulk(const struct options *options, bool is_upload) {
    set_up(options, is_upload ? on_upload : on_download);
    if (is_upload) {
        // What was sent must have come: the sink says how much it got.
        for (uint32_t index = 0; index < options->connections; index++) {
            shutdown(run.clients[index].descriptor, SHUT_WR);
            watch(&run.clients[index], EPOLLIN, EPOLL_CTL_MOD);
        }
        serve(on_upload, true);
    }
    report();
}

static void on_held(struct client *client, uint32_t events) {
    (void)events;
    if (!client->is_connected) {
        if (!is_connected(client, EPOLLIN) || !send_request(client, 1)) replace(client, "connect", false);
        run.connected--;  // It counts when its byte is back.
        return;
    }
    int taken = take_answer(client, 1);
    if (taken < 0) replace(client, "receive", false);
    if (taken > 0) run.connected++;
}

void run_hold(const struct options *options) {
    set_up(options, on_held);
    printf("{\"held\": %u}\n", options->connections);
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {}
}
