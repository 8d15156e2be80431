#define _GNU_SOURCE
#include "CMeshLinux.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int unix_socket(const char *path, int kind, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length == 0) return -EINVAL;
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memcpy(address->sun_path, path, length);
    int type = kind == MESH_UNIX_SEQPACKET ? SOCK_SEQPACKET : SOCK_STREAM;
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

static int failed(int fd) {
    int code = errno;
    close(fd);
    return -code;
}

int mesh_unix_listen(const char *path, int kind, int backlog) {
    struct sockaddr_un address;
    int fd = unix_socket(path, kind, &address);
    if (fd < 0) return fd;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) return failed(fd);
    if (listen(fd, backlog) < 0) return failed(fd);
    return fd;
}

int mesh_unix_connect(const char *path, int kind) {
    struct sockaddr_un address;
    int fd = unix_socket(path, kind, &address);
    if (fd < 0) return fd;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return failed(fd);
    return fd;
}

int mesh_unix_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

union control {
    char bytes[CMSG_SPACE(sizeof(int) * MESH_UNIX_FD_LIMIT)];
    struct cmsghdr alignment;
};

long mesh_unix_send(int fd, const void *bytes, size_t count, const int *fds, size_t fd_count) {
    if (count == 0 || fd_count > MESH_UNIX_FD_LIMIT) return -EINVAL;
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    union control control;
    if (fd_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
    }
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

long mesh_unix_receive(int fd, void *bytes, size_t capacity, struct mesh_unix_received *received) {
    received->fd_count = 0;
    received->is_cut = 0;
    received->is_short_of_fds = 0;
    union control control;
    struct iovec piece = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (n < 0) return -errno;
    received->is_cut = (message.msg_flags & MSG_TRUNC) != 0;
    received->is_short_of_fds = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int passed;
            memcpy(&passed, CMSG_DATA(header) + i * sizeof(int), sizeof passed);
            if (received->fd_count < MESH_UNIX_FD_LIMIT) {
                received->fds[received->fd_count++] = passed;
            } else {
                close(passed);
                received->is_short_of_fds = 1;
            }
        }
    }
    return n;
}

int64_t mesh_unix_peer_uid(int fd) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? -errno : (int64_t)peer.uid;
}
