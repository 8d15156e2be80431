import Glibc

/// The process's bound of open descriptors.
package enum DescriptorLimit {
    /// Takes all that the system allows: each connection takes two descriptors, and the usual soft limit of 1024 is meant
    /// for programs with few. Where it can't be raised it stays.
    package static func raise() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
