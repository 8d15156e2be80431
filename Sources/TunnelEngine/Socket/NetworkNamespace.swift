import CMeshLinux
import Glibc

/// A network namespace that sockets can be made in; it stays reachable as long as this object lives.
///
/// Two are equal when they are the same namespace, however they were found.
package final class NetworkNamespace: Sendable, Hashable, CustomStringConvertible {
    /// What tells one namespace from another, as long as one of them is held: the kernel's device and inode numbers.
    package struct Identity: Hashable, Sendable {
        package let device: UInt64
        package let inode: UInt64

        /// Joins the two.
        package init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    /// Which namespace it is.
    package let identity: Identity
    private let file: OwnedDescriptor

    /// The namespace that the process was started in, to which every thread returns.
    package static let home: NetworkNamespace? = try? NetworkNamespace(path: "/proc/self/ns/net")

    /// Opens a namespace by a file such as `/proc/<pid>/ns/net`.
    ///
    /// - Throws: ``SocketError``: EINVAL when the file is no network namespace, ENOENT when the process is gone,
    ///   EACCES without the right to look into it (CAP_SYS_PTRACE for processes of others).
    package convenience init(path: String) throws(SocketError) {
        let descriptor = path.withCString { mesh_netns_open($0) }
        try self.init(descriptor: try SocketError.check(descriptor, "open network namespace"))
    }

    /// Takes over a descriptor that was passed to us, also when it throws.
    ///
    /// - Throws: ``SocketError`` EINVAL when it is something else than a network namespace.
    package init(descriptor: Int32) throws(SocketError) {
        let file = OwnedDescriptor(descriptor)
        guard mesh_netns_check(descriptor) == 1 else {
            throw SocketError(code: EINVAL, call: "network namespace")
        }
        var device: UInt64 = 0
        var inode: UInt64 = 0
        _ = try SocketError.check(mesh_netns_identity(descriptor, &device, &inode), "stat network namespace")
        self.file = file
        self.identity = Identity(device: device, inode: inode)
    }

    /// The descriptor, valid as long as this object lives.
    package var descriptor: Int32 { self.file.number }

    /// Runs `body` on the calling thread within the namespace, and returns to the process's own.
    ///
    /// `body` must not block: other work of the thread waits. A thread that can't return would serve the wrong task
    /// from then on, so that ends the process.
    /// - Throws: ``SocketError``: EPERM without CAP_SYS_ADMIN.
    package func run<Result>(_ body: () -> Result) throws(SocketError) -> Result {
        guard let home = Self.home else { throw SocketError(code: ENOENT, call: "open network namespace") }
        _ = try SocketError.check(mesh_netns_enter(self.descriptor), "setns")
        let result = body()
        mesh_netns_return(home.descriptor)
        return result
    }

    /// `net:[4026531840]`, as the kernel writes it.
    package var description: String { "net:[\(self.identity.inode)]" }

    package static func == (one: NetworkNamespace, other: NetworkNamespace) -> Bool { one.identity == other.identity }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.identity) }
}
