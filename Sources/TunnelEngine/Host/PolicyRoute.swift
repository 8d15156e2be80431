import CMeshLinux
import Glibc

/// The routing rule of one network namespace that brings answers to connections from foreign addresses back to us:
/// packets of mark 0x111/0xfff are for this host, by way of table 100 (Istio's numbers).
///
/// Every call blocks for the kernel's answer, at most two seconds.
package struct PolicyRoute: Sendable {
    private let namespace: NetworkNamespace?

    /// The rule of `namespace`; nil is the process's own.
    package init(namespace: NetworkNamespace? = nil) {
        self.namespace = namespace
    }

    /// Adds the rule; one that is there stays. A kernel without IPv6 needs none for it.
    package func add(isV4: Bool) throws(SocketError) { try self.change(isV4: isV4, add: 1) }

    /// Removes the rule where it is there.
    package func remove(isV4: Bool) throws(SocketError) { try self.change(isV4: isV4, add: 0) }

    /// Whether the rule is there.
    package func exists(isV4: Bool) throws(SocketError) -> Bool {
        let result = try self.call { mesh_policy_route_exists($0, isV4 ? 4 : 6) }
        if Self.lacksFamily(result) { return false }
        return try SocketError.check(result, "read routing rules") == 1
    }

    private func change(isV4: Bool, add: Int32) throws(SocketError) {
        let result = try self.call { mesh_policy_route($0, isV4 ? 4 : 6, add) }
        guard !Self.lacksFamily(result) else { return }
        _ = try SocketError.check(result, "change routing rules")
    }

    private static func lacksFamily(_ result: Int32) -> Bool { result == -EAFNOSUPPORT || result == -EOPNOTSUPP }

    private func call(_ body: (Int32) -> Int32) throws(SocketError) -> Int32 {
        let scope = SocketScope(namespace: self.namespace)
        let descriptor = try SocketError.check(scope.withNative { mesh_netlink_socket($0) }, "netlink socket")
        defer { Glibc.close(descriptor) }
        return body(descriptor)
    }
}
