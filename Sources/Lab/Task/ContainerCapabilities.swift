/// Which Linux capabilities a container's processes may have; pure.
///
/// As Docker: a list that every container may have, more by `add`, less by `drop`, and ALL for all. NET_ADMIN isn't in
/// the list, so only a container that asks for it can change its task's network. A user other than root holds none of
/// them by itself, and can gain only what was added.
package struct ContainerCapabilities: Sendable, Equatable {
    /// What Docker leaves every container.
    static let standard = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ]
    /// What a definition may name, as the ECS API lists them.
    static let known: Set<String> = [
        "ALL", "AUDIT_CONTROL", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
        "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD",
        "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
        "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG", "WAKE_ALARM",
    ]

    /// The set as setpriv's `--bounding-set` takes it.
    package let boundingSet: String

    /// The set of a container with a user and the definition's words.
    package init(user: UInt32, added: [String], dropped: [String]) {
        if added.contains("ALL") {
            self.boundingSet = (["+all"] + dropped.filter { $0 != "ALL" }.map { "-\($0.lowercased())" }).joined(
                separator: ","
            )
            return
        }
        var kept = Set(user == 0 && !dropped.contains("ALL") ? Self.standard : [])
        kept.formUnion(added)
        kept.subtract(dropped)
        self.boundingSet = (["-all"] + kept.sorted().map { "+\($0.lowercased())" }).joined(separator: ",")
    }

    /// Refuses names that no capability has.
    static func check(_ names: [String], _ refuse: (String) -> LabError) throws {
        for name in names where !Self.known.contains(name) {
            throw refuse("capability \(name.prefix(40)) is unknown; ECS names them such as NET_ADMIN or ALL")
        }
    }
}
