import Foundation
import Glibc
import MeshModel
import TunnelEngine

/// Network namespaces of a test's own, each held by a process; making one takes root.
final class HostNamespace: Sendable {
    static let isPossible = (try? HostNamespace()) != nil
    static let canFilter = isPossible && (try? ChildProgram(path: "/usr/sbin/nft").run(["--version"])) != nil

    struct Impossible: Error {}

    let namespace: NetworkNamespace
    /// A process in it, until this object is gone.
    let process: Int32
    private let end: OwnedDescriptor

    /// A new namespace whose loopback device is up, and which has `address`.
    init(address: String? = nil) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        let device = address.map { "ip addr add \($0)/32 dev lo &&" }
        process.arguments = ["-n", "sh", "-c", "ip link set lo up && \(device ?? "") echo ready && read end"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        self.end = OwnedDescriptor(dup(input.fileHandleForWriting.fileDescriptor))
        _ = fcntl(self.end.number, F_SETFD, FD_CLOEXEC)
        self.process = process.processIdentifier
        guard output.fileHandleForReading.availableData.starts(with: "ready".utf8) else { throw Impossible() }
        self.namespace = try NetworkNamespace(path: "/proc/\(process.processIdentifier)/ns/net")
    }

    /// A new namespace that nobody but the holder of the result keeps.
    static func make() throws -> NetworkNamespace { try HostNamespace().namespace }

    /// Whether somebody listens on the port in the namespace.
    static func listens(_ port: UInt16, in namespace: NetworkNamespace) -> Bool {
        let address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: port)
        let scope = SocketScope(namespace: namespace)
        guard let descriptor = try? Socket.connect(address, scope: scope) else { return false }
        defer { Socket.close(descriptor) }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&wait, 1, 2_000) == 1 else { return false }
        // A ztunnel that was called directly may have reset the connection already.
        return Socket.connectError(descriptor)?.code != ECONNREFUSED
    }
}
