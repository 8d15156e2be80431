import CMeshLinux
import Glibc

/// Where sockets are made, and how they are marked.
///
/// A socket stays in the namespace that it was made in, whichever thread uses it later; so one event loop serves many.
package struct SocketScope: Sendable, Hashable {
    /// The network namespace; nil is the process's own.
    package var namespace: NetworkNamespace?
    /// The mark on every packet (SO_MARK), by which redirect rules know our own traffic; nil sets none.
    package var mark: UInt32?

    /// The process's own namespace, unmarked.
    package static let process = SocketScope()

    /// The mark that Istio's redirect rules leave alone.
    package static let meshMark: UInt32 = 0x539

    /// Joins the two.
    package init(namespace: NetworkNamespace? = nil, mark: UInt32? = nil) {
        self.namespace = namespace
        self.mark = mark
    }

    /// Calls `body` with the scope in the shape of the system calls.
    func withNative<Result>(_ body: (UnsafePointer<mesh_scope>) -> Result) -> Result {
        var native = mesh_scope(netns: -1, home: -1, mark: self.mark ?? 0)
        if let namespace = self.namespace {
            native.netns = namespace.descriptor
            // Without a way back setns is not even tried: -1 is no descriptor, so entering fails.
            native.home = NetworkNamespace.home?.descriptor ?? -1
            if native.home < 0 { native.netns = Int32.max }
        }
        return withExtendedLifetime(self.namespace) { body(&native) }
    }
}

extension SocketScope {
    /// Something that a mode needs and this process may not do.
    package struct Incapability: Error, Hashable, Sendable, CustomStringConvertible {
        /// What was tried.
        package var attempt: String
        /// What the system said.
        package var error: SocketError
        /// What would allow it.
        package var remedy: String

        /// Joins the three.
        package init(attempt: String, error: SocketError, remedy: String) {
            self.attempt = attempt
            self.error = error
            self.remedy = remedy
        }

        package var description: String { "\(self.attempt) failed: \(self.error); \(self.remedy)" }
    }

    /// Tries what serving other namespaces takes: entering one (our own) and marking a socket.
    package static func checkCapabilities(mark: UInt32) throws(Incapability) {
        guard let home = NetworkNamespace.home else {
            throw Incapability(
                attempt: "opening our own network namespace",
                error: SocketError(code: ENOENT, call: "open"),
                remedy: "is /proc mounted?"
            )
        }
        do throws(SocketError) {
            try home.run {}
        } catch {
            throw Incapability(
                attempt: "entering a network namespace",
                error: error,
                remedy: "the container needs CAP_SYS_ADMIN"
            )
        }
        let result = mesh_probe_mark(mark, nil)
        guard result == 0 else {
            throw Incapability(
                attempt: "marking a socket",
                error: SocketError(code: -result, call: "SO_MARK"),
                remedy: "the container needs CAP_NET_ADMIN"
            )
        }
    }

    /// Whether sockets of this scope may connect from addresses that are not ours (CAP_NET_ADMIN or CAP_NET_RAW).
    package var canSpoof: Bool { self.withNative { mesh_probe_transparent($0) } == 0 }
}
