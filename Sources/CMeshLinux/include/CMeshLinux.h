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
/// Gives the pages of the program's own code and constants back to the page cache; what runs again is mapped again. Returns the bytes.
int64_t mesh_release_code(void);
/// Gives the pages of the calling thread's stack that lie deeper than it is now back to the system; 0 or -errno.
int mesh_release_stack(void);

/// What the C library's heap holds, in bytes.
struct mesh_heap {
    /// Handed out, and not given back.
    uint64_t used;
    /// Given back, and kept for later.
    uint64_t kept;
};
/// Lets the heap have at most so many arenas, and take blocks of `mapped` bytes or more from the system one by one, so that
/// they go back to it one by one. To be called before there are threads.
int mesh_bound_heap(int arenas, int mapped);
/// Gives what the heap keeps back to the system, page by page.
void mesh_trim_heap(void);
void mesh_heap_usage(struct mesh_heap *usage);

/// Where and how a socket is made.
struct mesh_scope {
    /// The network namespace to make it in; -1: that of the calling thread.
    int netns;
    /// The namespace of the calling thread, to return to; only used with `netns`.
    int home;
    /// SO_MARK; 0: none.
    uint32_t mark;
};

enum {
    MESH_LISTEN_REUSEPORT = 1,
    MESH_LISTEN_TRANSPARENT = 2,
};
/// Opens a listener. `scope` may be null: the thread's namespace, no mark.
int mesh_tcp_listen(const struct mesh_address *address, int backlog, int flags, const struct mesh_scope *scope);
int mesh_tcp_accept(int listener, struct mesh_address *peer);
enum {
    /// `from` is not an address of ours: IP_TRANSPARENT, IP_FREEBIND.
    MESH_CONNECT_SPOOFED = 1,
};
/// Starts a connect; the descriptor becomes writable when it is decided. `from` and `scope` may be null.
int mesh_tcp_connect(const struct mesh_address *to, const struct mesh_address *from, int flags,
                     const struct mesh_scope *scope);
/// 1 when a connect that was started has succeeded; 0 when it is undecided or failed.
int mesh_is_connected(int fd);
/// The pending error of a socket as a positive errno, 0 when there is none.
int mesh_socket_error(int fd);
int mesh_local_address(int fd, struct mesh_address *out);
int mesh_peer_address(int fd, struct mesh_address *out);
/// The destination before a netfilter REDIRECT (SO_ORIGINAL_DST), for both families.
int mesh_original_destination(int fd, struct mesh_address *out);
int mesh_set_nodelay(int fd);
int mesh_set_keepalive(int fd, int idle_seconds, int interval_seconds, int probes);
/// Ends a connection whose bytes stay unacknowledged for so long (TCP_USER_TIMEOUT).
int mesh_set_user_timeout(int fd, unsigned int milliseconds);
/// Makes the next close send RST instead of FIN.
int mesh_set_abortive_close(int fd);

int mesh_udp_socket(const struct mesh_address *bind_to, const struct mesh_scope *scope);
/// As mesh_udp_socket, on an address that sockets of the same user may share.
int mesh_udp_listen(const struct mesh_address *address, const struct mesh_scope *scope);
/// Lets the socket hear from `to` only, and of its failures.
int mesh_udp_connect(int fd, const struct mesh_address *to);
long mesh_udp_send(int fd, const void *bytes, size_t count, const struct mesh_address *to);
long mesh_udp_receive(int fd, void *bytes, size_t capacity, struct mesh_address *from);

long mesh_read(int fd, void *bytes, size_t capacity);
/// Sends without raising SIGPIPE.
long mesh_send(int fd, const void *bytes, size_t count);
/// Some bytes of an output; laid out as the kernel's iovec.
struct mesh_piece {
    const void *bytes;
    size_t count;
};
/// Sends pieces one after the other, as one output, without raising SIGPIPE.
long mesh_send_pieces(int fd, const struct mesh_piece *pieces, size_t count);

/// Opens a network namespace, for example /proc/<pid>/ns/net; -EINVAL when the file is something else.
int mesh_netns_open(const char *path);
/// 1 when the descriptor is a network namespace, 0 when it is something else.
int mesh_netns_check(int fd);
/// What tells one namespace from another.
int mesh_netns_identity(int fd, uint64_t *device, uint64_t *inode);
/// Moves the calling thread into a namespace.
int mesh_netns_enter(int fd);
/// Moves the calling thread back. A thread that can't return would serve the wrong task from then on, so that ends
/// the process.
void mesh_netns_return(int home);
/// Makes a new, empty namespace without entering it.
int mesh_netns_make(int home);
/// Whether SO_MARK can be set on a new socket of the calling thread: 0 or -errno.
int mesh_probe_mark(uint32_t mark, const struct mesh_scope *scope);
/// Whether a new socket may be bound to foreign addresses: 0 or -errno.
int mesh_probe_transparent(const struct mesh_scope *scope);

enum {
    MESH_UNIX_STREAM = 1,
    MESH_UNIX_SEQPACKET = 2,
    /// The most descriptors that one message carries (the kernel's SCM_MAX_FD is 253).
    MESH_UNIX_FD_LIMIT = 64,
};
/// Opens a listener; `path` must not exist.
int mesh_unix_listen(const char *path, int kind, int backlog);
/// Connects; -EAGAIN when the listener's queue is full.
int mesh_unix_connect(const char *path, int kind);
int mesh_unix_accept(int listener);
/// Sends bytes, at least one, with descriptors, which stay the caller's.
long mesh_unix_send(int fd, const void *bytes, size_t count, const int *fds, size_t fd_count);
/// What arrived with a message.
struct mesh_unix_received {
    /// Descriptors, now the caller's.
    int fds[MESH_UNIX_FD_LIMIT];
    size_t fd_count;
    /// Whether the message had more bytes than there was room for.
    uint8_t is_cut;
    /// Whether there were more descriptors than there was room for; those were closed.
    uint8_t is_short_of_fds;
};
/// Receives one message (SEQPACKET) or some bytes (STREAM); 0 at the end.
long mesh_unix_receive(int fd, void *bytes, size_t capacity, struct mesh_unix_received *received);
/// The process at the other end of a unix socket: its user id, or -errno.
int64_t mesh_unix_peer_uid(int fd);

/// Runs a program to its end, at most `timeout_ms`, within a namespace (-1: the thread's own), and gathers what it
/// prints. BLOCKS. Fails when it could not start or was stopped because of the time (-ETIMEDOUT).
int mesh_run_program(const char *path, char *const argv[], const void *input, size_t input_count, void *output,
                     size_t capacity, size_t *count, int timeout_ms, int netns, int home, int *status);
/// A netlink socket for routes; its calls end after two seconds.
int mesh_netlink_socket(const struct mesh_scope *scope);
/// Adds or removes the rule that packets of mark 0x111/0xfff are for this host (family 4 or 6); doing so again is fine.
/// BLOCKS for the kernel's answer.
int mesh_policy_route(int netlink, int family, int add);
/// 1 when the rule is there, 0 when not.
int mesh_policy_route_exists(int netlink, int family);

/// Milliseconds of the monotonic clock.
uint64_t mesh_monotonic_ms(void);
/// Seconds of the wall clock since 1970.
int64_t mesh_wall_seconds(void);

#endif
