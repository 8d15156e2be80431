// The load driver of the tunnel's benchmark: one thread, one epoll. What it says is one line of JSON on stdout.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_PROCESSES = 8, MOST_CONNECTIONS = 16384, MOST_ERRORS = 1000 };
/// Byte `o` of every stream is `o % PATTERN_PERIOD`, so that both ends can check what they get.
enum { PATTERN_PERIOD = 251, CHUNK = 256 * 1024 };

/// What a run is told on the command line, as `name=value`.
struct options {
    struct in_addr address;
    /// The ports; load takes the first, `serve` all of them: echo, sink, source.
    uint16_t ports[3];
    /// Connections go to this many addresses in turn, from `address` upwards.
    uint32_t spread;
    uint32_t connections;
    /// Bytes of one request, and of its answer.
    uint32_t size;
    double seconds;
    /// Seconds of load before what is measured.
    double warm;
    /// Whose processor time is measured.
    int processes[MOST_PROCESSES];
    int process_count;
};

/// Latencies in nanoseconds: 64 steps for each doubling, so within 1.6 %.
struct histogram {
    uint64_t counts[64 * 64];
    uint64_t total;
};

/// Ends the program with status 1 and these words, and errno's where it is set.
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/// Monotonic nanoseconds.
uint64_t now(void);
/// Nanoseconds that all threads of the processes have run so far.
uint64_t processor_time(const struct options *options);
void record(struct histogram *histogram, uint64_t nanoseconds);
/// The latency that a share of all is at most, in microseconds; 0 when there is none.
double quantile(const struct histogram *histogram, double share);
/// CHUNK bytes of the pattern, as a stream has them from `offset`.
const uint8_t *pattern(uint64_t offset);
/// Whether the first and the last of these bytes are the stream's.
bool is_pattern(const uint8_t *bytes, size_t count, uint64_t offset);

/// Requests of `size` bytes on persistent connections, one at a time on each.
void run_requests(const struct options *options);
/// Connections that carry one byte there and back, and are closed by FIN; `connections` at a time.
void run_connections(const struct options *options);
/// Bytes as fast as they go, to the server or from it.
void run_bulk(const struct options *options, bool is_upload);
/// Keeps idle connections, each of which has carried a byte, until stdin ends.
void run_hold(const struct options *options);
/// Echo, sink and source on the three ports, until a signal.
void run_server(const struct options *options);
