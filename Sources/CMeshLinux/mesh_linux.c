#define _GNU_SOURCE
#include "CMeshLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// linux/netfilter_ipv4.h clashes with netinet/in.h; both families use the same number.
#define MESH_SO_ORIGINAL_DST 80

static socklen_t to_native(const struct mesh_address *from, struct sockaddr_storage *to) {
    memset(to, 0, sizeof *to);
    if (from->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)to;
        in->sin_family = AF_INET;
        in->sin_port = htons(from->port);
        memcpy(&in->sin_addr, from->bytes, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(from->port);
    memcpy(&in6->sin6_addr, from->bytes, 16);
    return sizeof *in6;
}

static int from_native(const struct sockaddr_storage *from, struct mesh_address *to) {
    memset(to, 0, sizeof *to);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        to->family = 4;
        to->port = ntohs(in->sin_port);
        memcpy(to->bytes, &in->sin_addr, 4);
        return 0;
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        to->family = 6;
        to->port = ntohs(in6->sin6_port);
        memcpy(to->bytes, &in6->sin6_addr, 16);
        return 0;
    }
    return -EAFNOSUPPORT;
}

int mesh_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int mesh_epoll_add(int epoll, int fd, uint64_t data) {
    return epoll_add(epoll, fd, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, data);
}

int mesh_epoll_add_read(int epoll, int fd, uint64_t data) {
    return epoll_add(epoll, fd, EPOLLIN | EPOLLET, data);
}

int mesh_epoll_remove(int epoll, int fd) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

int mesh_epoll_wait(int epoll, struct mesh_event *events, int capacity, int timeout_ms) {
    struct epoll_event native[256];
    int n = epoll_wait(epoll, native, capacity > 256 ? 256 : capacity, timeout_ms);
    if (n < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        events[i].data = native[i].data.u64;
        events[i].events = native[i].events;
    }
    return n;
}

int mesh_eventfd(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int mesh_termination_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    int failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failure) return -failure;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int mesh_take_signal(int fd) {
    struct signalfd_siginfo info;
    ssize_t n = read(fd, &info, sizeof info);
    return n == sizeof info ? (int)info.ssi_signo : 0;
}

void mesh_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

int64_t mesh_raise_open_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    return (int64_t)limit.rlim_cur;
}

static int failed(int fd) {
    int code = errno;
    close(fd);
    return -code;
}

// A socket belongs for ever to the namespace in which it was made; bind and connect work there from any thread.
static int native_socket(int family, int type, const struct mesh_scope *scope) {
    int moves = scope && scope->netns >= 0;
    if (moves) {
        int failure = mesh_netns_enter(scope->netns);
        if (failure < 0) return failure;
    }
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int code = errno;
    if (moves) mesh_netns_return(scope->home);
    if (fd < 0) return -code;
    if (scope && scope->mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &scope->mark, sizeof scope->mark) < 0) {
        return failed(fd);
    }
    return fd;
}

static int family_of(const struct mesh_address *address) { return address->family == 4 ? AF_INET : AF_INET6; }

static int set_transparent(int fd, int family) {
    int on = 1;
    if (family == AF_INET) return setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof on);
    return setsockopt(fd, SOL_IPV6, IPV6_TRANSPARENT, &on, sizeof on);
}

int mesh_probe_mark(uint32_t mark, const struct mesh_scope *scope) {
    struct mesh_scope marked = {.netns = -1, .home = -1};
    if (scope) marked = *scope;
    marked.mark = mark;
    int fd = native_socket(AF_INET, SOCK_DGRAM, &marked);
    if (fd < 0) return fd;
    close(fd);
    return 0;
}

int mesh_probe_transparent(const struct mesh_scope *scope) {
    int fd = native_socket(AF_INET, SOCK_STREAM, scope);
    if (fd < 0) return fd;
    if (set_transparent(fd, AF_INET) < 0) return failed(fd);
    close(fd);
    return 0;
}

int mesh_tcp_listen(const struct mesh_address *address, int backlog, int flags, const struct mesh_scope *scope) {
    int fd = native_socket(family_of(address), SOCK_STREAM, scope);
    if (fd < 0) return fd;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return failed(fd);
    if ((flags & MESH_LISTEN_REUSEPORT) && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return failed(fd);
    if ((flags & MESH_LISTEN_TRANSPARENT) && set_transparent(fd, family_of(address)) < 0) return failed(fd);
    struct sockaddr_storage native;
    socklen_t length = to_native(address, &native);
    if (bind(fd, (struct sockaddr *)&native, length) < 0) return failed(fd);
    if (listen(fd, backlog) < 0) return failed(fd);
    return fd;
}

int mesh_tcp_accept(int listener, struct mesh_address *peer) {
    struct sockaddr_storage native;
    socklen_t length = sizeof native;
    int fd = accept4(listener, (struct sockaddr *)&native, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    int failure = from_native(&native, peer);
    if (failure < 0) {
        close(fd);
        return failure;
    }
    return fd;
}

int mesh_tcp_connect(const struct mesh_address *to, const struct mesh_address *from, int flags,
                     const struct mesh_scope *scope) {
    int fd = native_socket(family_of(to), SOCK_STREAM, scope);
    if (fd < 0) return fd;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_storage native;
    if (from) {
        if (flags & MESH_CONNECT_SPOOFED) {
            if (set_transparent(fd, family_of(from)) < 0) return failed(fd);
            if (from->family == 4 && setsockopt(fd, SOL_IP, IP_FREEBIND, &on, sizeof on) < 0) return failed(fd);
            if (from->family == 6 && setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &on, sizeof on) < 0) return failed(fd);
        }
        // The port is chosen at connect, so that one source address can reach many destinations from each port.
        setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        socklen_t length = to_native(from, &native);
        if (bind(fd, (struct sockaddr *)&native, length) < 0) return failed(fd);
    }
    socklen_t length = to_native(to, &native);
    if (connect(fd, (struct sockaddr *)&native, length) < 0 && errno != EINPROGRESS) return failed(fd);
    return fd;
}

int mesh_is_connected(int fd) {
    struct pollfd asked = {.fd = fd, .events = POLLOUT};
    return poll(&asked, 1, 0) == 1 && asked.revents == POLLOUT;
}

int mesh_socket_error(int fd) {
    int code = 0;
    socklen_t length = sizeof code;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0 ? errno : code;
}

int mesh_local_address(int fd, struct mesh_address *out) {
    struct sockaddr_storage native;
    socklen_t length = sizeof native;
    if (getsockname(fd, (struct sockaddr *)&native, &length) < 0) return -errno;
    return from_native(&native, out);
}

int mesh_peer_address(int fd, struct mesh_address *out) {
    struct sockaddr_storage native;
    socklen_t length = sizeof native;
    if (getpeername(fd, (struct sockaddr *)&native, &length) < 0) return -errno;
    return from_native(&native, out);
}

int mesh_original_destination(int fd, struct mesh_address *out) {
    struct sockaddr_storage native;
    socklen_t length = sizeof native;
    memset(&native, 0, sizeof native);
    if (getsockopt(fd, SOL_IP, MESH_SO_ORIGINAL_DST, &native, &length) == 0) return from_native(&native, out);
    int code = errno;
    length = sizeof native;
    if (getsockopt(fd, SOL_IPV6, MESH_SO_ORIGINAL_DST, &native, &length) == 0) return from_native(&native, out);
    return -code;
}

int mesh_set_nodelay(int fd) {
    int on = 1;
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ? -errno : 0;
}

int mesh_set_keepalive(int fd, int idle_seconds, int interval_seconds, int probes) {
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0) return -errno;
    if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds) < 0) return -errno;
    if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds) < 0) return -errno;
    if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes) < 0) return -errno;
    return 0;
}

int mesh_set_user_timeout(int fd, unsigned int milliseconds) {
    return setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds) < 0 ? -errno : 0;
}

int mesh_set_abortive_close(int fd) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0 ? -errno : 0;
}

int mesh_udp_socket(const struct mesh_address *bind_to, const struct mesh_scope *scope) {
    int fd = native_socket(family_of(bind_to), SOCK_DGRAM, scope);
    if (fd < 0) return fd;
    struct sockaddr_storage native;
    socklen_t length = to_native(bind_to, &native);
    if (bind(fd, (struct sockaddr *)&native, length) < 0) return failed(fd);
    return fd;
}

int mesh_udp_listen(const struct mesh_address *address, const struct mesh_scope *scope) {
    int fd = native_socket(family_of(address), SOCK_DGRAM, scope);
    if (fd < 0) return fd;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return failed(fd);
    struct sockaddr_storage native;
    socklen_t length = to_native(address, &native);
    if (bind(fd, (struct sockaddr *)&native, length) < 0) return failed(fd);
    return fd;
}

int mesh_udp_connect(int fd, const struct mesh_address *to) {
    struct sockaddr_storage native;
    socklen_t length = to_native(to, &native);
    return connect(fd, (struct sockaddr *)&native, length) < 0 ? -errno : 0;
}

long mesh_udp_send(int fd, const void *bytes, size_t count, const struct mesh_address *to) {
    struct sockaddr_storage native;
    socklen_t length = to_native(to, &native);
    ssize_t n = sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&native, length);
    return n < 0 ? -errno : n;
}

long mesh_udp_receive(int fd, void *bytes, size_t capacity, struct mesh_address *from) {
    struct sockaddr_storage native;
    socklen_t length = sizeof native;
    ssize_t n = recvfrom(fd, bytes, capacity, 0, (struct sockaddr *)&native, &length);
    if (n < 0) return -errno;
    int failure = from_native(&native, from);
    return failure < 0 ? failure : n;
}

long mesh_read(int fd, void *bytes, size_t capacity) {
    ssize_t n = recv(fd, bytes, capacity, 0);
    return n < 0 ? -errno : n;
}

long mesh_send(int fd, const void *bytes, size_t count) {
    ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

_Static_assert(sizeof(struct mesh_piece) == sizeof(struct iovec)
                   && offsetof(struct mesh_piece, bytes) == offsetof(struct iovec, iov_base)
                   && offsetof(struct mesh_piece, count) == offsetof(struct iovec, iov_len),
               "a piece is an iovec");

long mesh_send_pieces(int fd, const struct mesh_piece *pieces, size_t count) {
    if (count == 1) return mesh_send(fd, pieces->bytes, pieces->count);
    // The kernel does not write there.
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = count};
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

uint64_t mesh_monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t mesh_wall_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}
