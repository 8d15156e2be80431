// Command line and measures of the load driver.
#include "driver.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

static uint8_t pattern_bytes[CHUNK + PATTERN_PERIOD];

void fail(const char *format, ...) {
    int problem = errno;
    va_list arguments;
    va_start(arguments, format);
    fputs("driver: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (problem) fprintf(stderr, ": %s", strerror(problem));
    fputc('\n', stderr);
    exit(1);
}

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t processor_time_of(int process) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *threads = opendir(path);
    if (!threads) fail("process %d is gone", process);
    uint64_t sum = 0;
    struct dirent *thread;
    while ((thread = readdir(threads))) {
        if (thread->d_name[0] == '.') continue;
        char file[sizeof path + sizeof thread->d_name + 16];
        snprintf(file, sizeof file, "%s/%s/schedstat", path, thread->d_name);
        FILE *schedule = fopen(file, "re");
        unsigned long long ran = 0;
        // A thread may end between the listing and here.
        if (schedule && fscanf(schedule, "%llu", &ran) == 1) sum += ran;
        if (schedule) fclose(schedule);
    }
    closedir(threads);
    errno = 0;
    if (sum == 0) fail("the kernel tells no run time of process %d in %s", process, path);
    return sum;
}

uint64_t processor_time(const struct options *options) {
    uint64_t sum = 0;
    for (int index = 0; index < options->process_count; index++) sum += processor_time_of(options->processes[index]);
    return sum;
}

void record(struct histogram *histogram, uint64_t nanoseconds) {
    uint64_t value = nanoseconds < 64 ? 64 : nanoseconds;
    int doublings = 63 - __builtin_clzll(value);
    histogram->counts[doublings * 64 + (int)((value >> (doublings - 6)) & 63)]++;
    histogram->total++;
}

double quantile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;
    for (int index = 6 * 64; index < 64 * 64; index++) {
        seen += histogram->counts[index];
        if (seen <= wanted && seen < histogram->total) continue;
        if (seen == 0) return 0;
        int doublings = index / 64;
        return (double)((uint64_t)(64 + index % 64 + 1) << (doublings - 6)) / 1000;
    }
    return 0;
}

const uint8_t *pattern(uint64_t offset) { return pattern_bytes + offset % PATTERN_PERIOD; }

bool is_pattern(const uint8_t *bytes, size_t count, uint64_t offset) {
    return bytes[0] == (uint8_t)(offset % PATTERN_PERIOD) &&
           bytes[count - 1] == (uint8_t)((offset + count - 1) % PATTERN_PERIOD);
}

static double number(const char *name, const char *text, double least, double most) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || errno || !(value >= least && value <= most)) {
        errno = 0;
        fail("%s=%s is not a number from %g to %g", name, text, least, most);
    }
    return value;
}

/// Reads numbers with commas between them, at most `most` of them.
static int list(const char *name, char *text, double largest, int most, void (*add)(struct options *, int, double),
                struct options *options) {
    int count = 0;
    char *rest;
    for (char *part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        if (count == most) fail("%s has more than %d numbers", name, most);
        add(options, count++, number(name, part, 1, largest));
    }
    if (count == 0) fail("%s is empty", name);
    return count;
}

static void add_port(struct options *options, int index, double value) { options->ports[index] = (uint16_t)value; }
static void add_process(struct options *options, int index, double value) { options->processes[index] = (int)value; }

static void read_option(struct options *options, char *argument) {
    char *value = strchr(argument, '=');
    if (!value) fail("%s is not name=value", argument);
    *value++ = 0;
    if (!strcmp(argument, "address")) {
        if (inet_pton(AF_INET, value, &options->address) != 1) fail("address=%s is no IPv4 address", value);
    } else if (!strcmp(argument, "ports")) {
        list(argument, value, 65535, 3, add_port, options);
    } else if (!strcmp(argument, "processes")) {
        options->process_count = list(argument, value, 1 << 30, MOST_PROCESSES, add_process, options);
    } else if (!strcmp(argument, "spread")) {
        options->spread = (uint32_t)number(argument, value, 1, 1 << 20);
    } else if (!strcmp(argument, "connections")) {
        options->connections = (uint32_t)number(argument, value, 1, MOST_CONNECTIONS);
    } else if (!strcmp(argument, "size")) {
        options->size = (uint32_t)number(argument, value, 1, CHUNK);
    } else if (!strcmp(argument, "seconds")) {
        options->seconds = number(argument, value, 0.01, 3600);
    } else if (!strcmp(argument, "warm")) {
        options->warm = number(argument, value, 0, 600);
    } else {
        fail("%s is no option: address, ports, processes, spread, connections, size, seconds, warm", argument);
    }
}

int main(int count, char **arguments) {
    struct options options = {.spread = 1, .connections = 1, .size = 1024, .seconds = 3, .warm = 0.3};
    if (count < 2) fail("usage: driver rr|conn|up|down|hold|serve name=value…");
    for (int index = 2; index < count; index++) read_option(&options, arguments[index]);
    // Whoever started this and is gone can't end it any more.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit descriptors = {MOST_CONNECTIONS + 64, MOST_CONNECTIONS + 64};
    if (setrlimit(RLIMIT_NOFILE, &descriptors)) fail("%d descriptors", MOST_CONNECTIONS + 64);
    for (int index = 0; index < CHUNK + PATTERN_PERIOD; index++) pattern_bytes[index] = (uint8_t)(index % PATTERN_PERIOD);
    const char *mode = arguments[1];
    bool is_server = !strcmp(mode, "serve");
    for (int index = 0; index < (is_server ? 3 : 1); index++) {
        if (options.ports[index] == 0) fail("%s needs ports=%s", mode, is_server ? "ECHO,SINK,SOURCE" : "PORT");
    }
    if (is_server) run_server(&options);
    else if (!strcmp(mode, "rr")) run_requests(&options);
    else if (!strcmp(mode, "conn")) run_connections(&options);
    else if (!strcmp(mode, "up")) run_bulk(&options, true);
    else if (!strcmp(mode, "down")) run_bulk(&options, false);
    else if (!strcmp(mode, "hold")) run_hold(&options);
    else fail("%s is no mode: rr, conn, up, down, hold, serve", mode);
    return 0;
}
