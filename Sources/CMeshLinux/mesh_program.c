#define _GNU_SOURCE
#include "CMeshLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(int one, int other) {
    int code = errno;
    if (one >= 0) close(one);
    if (other >= 0) close(other);
    return -code;
}

static int spawn(const char *path, char *const argv[], int in, int out, pid_t *child) {
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    int failure = posix_spawn(child, path, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -failure;
}

// Reads until the end, the limit of time, or an error; what does not fit is read and dropped.
static int gather(int from, unsigned char *output, size_t capacity, size_t *count, uint64_t deadline) {
    unsigned char dropped[4096];
    for (;;) {
        uint64_t now = mesh_monotonic_ms();
        if (now >= deadline) return -ETIMEDOUT;
        struct pollfd wait = {.fd = from, .events = POLLIN};
        int ready = poll(&wait, 1, (int)(deadline - now));
        if (ready < 0 && errno != EINTR) return -errno;
        if (ready <= 0) continue;
        int fits = *count < capacity;
        ssize_t n = read(from, fits ? output + *count : dropped, fits ? capacity - *count : sizeof dropped);
        if (n == 0) return 0;
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0 && fits) *count += (size_t)n;
    }
}

int mesh_run_program(const char *path, char *const argv[], const void *input, size_t input_count, void *output,
                     size_t capacity, size_t *count, int timeout_ms, int netns, int home, int *status) {
    *count = 0;
    int in = memfd_create("ztunnel-input", MFD_CLOEXEC);
    if (in < 0) return -errno;
    if (write(in, input, input_count) != (ssize_t)input_count || lseek(in, 0, SEEK_SET) < 0) return failed(in, -1);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return failed(in, -1);
    pid_t child = -1;
    int failure = netns >= 0 ? mesh_netns_enter(netns) : 0;
    if (failure == 0) {
        // A child begins in the namespace of the thread that made it.
        failure = spawn(path, argv, in, ends[1], &child);
        if (netns >= 0) mesh_netns_return(home);
    }
    close(in);
    close(ends[1]);
    if (failure < 0) {
        close(ends[0]);
        return failure;
    }
    uint64_t deadline = mesh_monotonic_ms() + (uint64_t)timeout_ms;
    failure = gather(ends[0], output, capacity, count, deadline);
    close(ends[0]);
    if (failure < 0) kill(child, SIGKILL);
    int raw = 0;
    while (waitpid(child, &raw, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return failure;
}
