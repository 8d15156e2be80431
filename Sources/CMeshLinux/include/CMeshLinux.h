// The few Linux calls that Swift's Glibc overlay does not show, or shows awkwardly.
// Every function returns >= 0 on success and -errno on failure; none blocks unless it says so.
#ifndef CMESHLINUX_H
#define CMESHLINUX_H

#include <stddef.h>
#include <stdint.h>

/// An IPv4 or IPv6 address and port. `family` is 4 or 6; `bytes` holds 4 or 16 bytes in network order.
struct mesh_address {
    uint8_t bytes[16];
    uint16_t port;
    uint8_t family;
};

/// One readiness event: the registration's data word and the epoll event bits.
struct mesh_event {
    uint64_t data;
    uint32_t events;
};

int mesh_epoll_create(void);
/// Registers `fd` edge-triggered for reading, urgent data, writing and peer hang-up.
int mesh_epoll_add(int epoll, int fd, uint64_t data);
/// Registers `fd` edge-triggered for reading only.
int mesh_epoll_add_read(int epoll, int fd, uint64_t data);
int mesh_epoll_remove(int epoll, int fd);
/// Waits up to `timeout_ms` (-1: for ever) and fills at most `capacity` (<= 256) events.
int mesh_epoll_wait(int epoll, struct mesh_event *events, int capacity, int timeout_ms);

int mesh_eventfd(void);
/// A descriptor that becomes readable when SIGTERM or SIGINT arrives; both are blocked in the calling thread.
int mesh_termination_signals(void);
/// Takes one signal number from the descriptor; 0 when there is none.
int mesh_take_signal(int fd);
void mesh_ignore_sigpipe(void);
/// Raises the soft limit of open files to the hard limit and returns it.
int64_t mesh_raise_open_files(void);

enum {
    MESH_LISTEN_REUSEPORT = 1,
    MESH_LISTEN_TRANSPARENT = 2,
};
int mesh_tcp_listen(const struct mesh_address *address, int backlog, int flags);
int mesh_tcp_accept(int listener, struct mesh_address *peer);
/// Starts a connect; the descriptor becomes writable when it is decided. `from` may be null.
int mesh_tcp_connect(const struct mesh_address *to, const struct mesh_address *from);
/// The pending error of a socket as a positive errno, 0 when there is none.
int mesh_socket_error(int fd);
int mesh_local_address(int fd, struct mesh_address *out);
int mesh_peer_address(int fd, struct mesh_address *out);
/// The destination before a netfilter REDIRECT (SO_ORIGINAL_DST), for both families.
int mesh_original_destination(int fd, struct mesh_address *out);
int mesh_set_nodelay(int fd);
int mesh_set_keepalive(int fd, int idle_seconds, int interval_seconds, int probes);
/// Makes the next close send RST instead of FIN.
int mesh_set_abortive_close(int fd);

int mesh_udp_socket(const struct mesh_address *bind_to);
long mesh_udp_send(int fd, const void *bytes, size_t count, const struct mesh_address *to);
long mesh_udp_receive(int fd, void *bytes, size_t capacity, struct mesh_address *from);

long mesh_read(int fd, void *bytes, size_t capacity);
/// Sends without raising SIGPIPE.
long mesh_send(int fd, const void *bytes, size_t count);

/// Milliseconds of the monotonic clock.
uint64_t mesh_monotonic_ms(void);
/// Seconds of the wall clock since 1970.
int64_t mesh_wall_seconds(void);

#endif
