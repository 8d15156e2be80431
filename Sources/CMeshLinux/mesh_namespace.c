#define _GNU_SOURCE
#include "CMeshLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int mesh_netns_check(int fd) { return ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET; }

int mesh_netns_open(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    if (mesh_netns_check(fd)) return fd;
    close(fd);
    return -EINVAL;
}

int mesh_netns_identity(int fd, uint64_t *device, uint64_t *inode) {
    struct stat status;
    if (fstat(fd, &status) < 0) return -errno;
    *device = status.st_dev;
    *inode = status.st_ino;
    return 0;
}

int mesh_netns_make(int home) {
    if (unshare(CLONE_NEWNET) < 0) return -errno;
    int fd = mesh_netns_open("/proc/thread-self/ns/net");
    mesh_netns_return(home);
    return fd;
}

int mesh_netns_enter(int fd) { return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0; }

void mesh_netns_return(int home) {
    if (setns(home, CLONE_NEWNET) == 0) return;
    static const char text[] = "ztunnel: a thread could not return to its network namespace\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    abort();
}
