#define _GNU_SOURCE
#include "CMeshLinux.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// What Istio's redirect contract names: answers to connections from foreign addresses bear this mark, and this table
// says that they are for this host.
#define MESH_ROUTE_MARK 0x111
#define MESH_ROUTE_MASK 0xfff
#define MESH_ROUTE_TABLE 100
#define MESH_ROUTE_PRIORITY 32764

struct request {
    struct nlmsghdr header;
    union {
        struct rtmsg route;
        struct fib_rule_hdr rule;
    };
    char attributes[128];
};

static void add_attribute(struct request *request, uint16_t type, uint32_t value) {
    struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(sizeof value);
    memcpy(RTA_DATA(attribute), &value, sizeof value);
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

int mesh_netlink_socket(const struct mesh_scope *scope) {
    int moves = scope && scope->netns >= 0;
    if (moves) {
        int failure = mesh_netns_enter(scope->netns);
        if (failure < 0) return failure;
    }
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int code = errno;
    if (moves) mesh_netns_return(scope->home);
    if (fd < 0) return -code;
    struct timeval wait = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return fd;
}

// Sends a request and waits for the kernel's answer to it.
static int exchange(int fd, struct request *request) {
    request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(fd, request, request->header.nlmsg_len, 0) < 0) return -errno;
    _Alignas(struct nlmsghdr) char answer[4096];
    ssize_t n = recv(fd, answer, sizeof answer, 0);
    if (n < 0) return -errno;
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (!NLMSG_OK(header, (size_t)n) || header->nlmsg_type != NLMSG_ERROR) return -EPROTO;
    return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
}

static int change_rule(int fd, int family, int add) {
    struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct fib_rule_hdr))}};
    request.header.nlmsg_type = add ? RTM_NEWRULE : RTM_DELRULE;
    if (add) request.header.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
    request.rule.family = (uint8_t)family;
    request.rule.table = MESH_ROUTE_TABLE;
    request.rule.action = FR_ACT_TO_TBL;
    add_attribute(&request, FRA_PRIORITY, MESH_ROUTE_PRIORITY);
    add_attribute(&request, FRA_FWMARK, MESH_ROUTE_MARK);
    add_attribute(&request, FRA_FWMASK, MESH_ROUTE_MASK);
    int result = exchange(fd, &request);
    if (add) return result == -EEXIST ? 0 : result;
    return result == -ENOENT ? 0 : result;
}

static int change_route(int fd, int family, int add, int loopback) {
    struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg))}};
    request.header.nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
    if (add) request.header.nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    request.route.rtm_family = (uint8_t)family;
    request.route.rtm_table = MESH_ROUTE_TABLE;
    request.route.rtm_type = RTN_LOCAL;
    request.route.rtm_scope = RT_SCOPE_HOST;
    request.route.rtm_protocol = RTPROT_STATIC;
    add_attribute(&request, RTA_OIF, (uint32_t)loopback);
    int result = exchange(fd, &request);
    if (add) return result == -EEXIST ? 0 : result;
    return result == -ESRCH || result == -ENOENT || result == -ENETDOWN ? 0 : result;
}

int mesh_policy_route(int netlink, int family, int add) {
    int native = family == 4 ? AF_INET : AF_INET6;
    // The loopback device is the first of every namespace.
    int loopback = 1;
    if (add) {
        int failure = change_route(netlink, native, 1, loopback);
        return failure < 0 ? failure : change_rule(netlink, native, 1);
    }
    int failure = change_rule(netlink, native, 0);
    return failure < 0 ? failure : change_route(netlink, native, 0, loopback);
}

static int is_ours(const struct nlmsghdr *message) {
    const struct fib_rule_hdr *rule = NLMSG_DATA(message);
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof *rule)) return 0;
    size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof *rule);
    const struct rtattr *attribute = (const struct rtattr *)((const char *)rule + NLMSG_ALIGN(sizeof *rule));
    uint32_t table = rule->table, mark = 0, mask = 0;
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (RTA_PAYLOAD(attribute) < sizeof(uint32_t)) continue;
        uint32_t value;
        memcpy(&value, RTA_DATA(attribute), sizeof value);
        if (attribute->rta_type == FRA_TABLE) table = value;
        if (attribute->rta_type == FRA_FWMARK) mark = value;
        if (attribute->rta_type == FRA_FWMASK) mask = value;
    }
    return table == MESH_ROUTE_TABLE && mark == MESH_ROUTE_MARK && mask == MESH_ROUTE_MASK;
}

int mesh_policy_route_exists(int netlink, int family) {
    struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct fib_rule_hdr))}};
    request.header.nlmsg_type = RTM_GETRULE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.rule.family = family == 4 ? AF_INET : AF_INET6;
    if (send(netlink, &request, request.header.nlmsg_len, 0) < 0) return -errno;
    int found = 0;
    for (;;) {
        _Alignas(struct nlmsghdr) char answer[16384];
        ssize_t n = recv(netlink, answer, sizeof answer, 0);
        if (n < 0) return -errno;
        size_t left = (size_t)n;
        for (const struct nlmsghdr *header = (const struct nlmsghdr *)answer; NLMSG_OK(header, left);
             header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == NLMSG_DONE) return found;
            if (header->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
            if (header->nlmsg_type == RTM_NEWRULE && is_ours(header)) found = 1;
        }
        if (left == (size_t)n) return -EPROTO;
    }
}
