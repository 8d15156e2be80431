package import Foundation
package import MeshXDS
import Synchronization

/// The open discovery streams, for the debug page and for the limit on their number.
package final class ConnectionTable: Sendable {
    /// One open stream.
    package struct Connection: Sendable, Hashable {
        /// A number that is in its nonces too.
        package var id: String
        /// The data plane's address.
        package var remote: String
        /// Who it is.
        package var identity: String
        /// The node id of its first request; empty before it.
        package var node = ""
        /// Since when it is open.
        package var since: Date
        /// How many responses it was sent.
        package var pushes = 0
        /// How many responses it rejected.
        package var rejects = 0
        /// The state of each type.
        package var types: [DeltaServerStream.Status] = []
    }

    private struct State {
        var connections: [String: Connection] = [:]
        var next: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// Makes an empty table for at most so many streams.
    package init(limit: Int) {
        self.limit = limit
    }

    /// All open streams, by node.
    package var connections: [Connection] {
        self.state.withLock { $0.connections.values.sorted { ($0.node, $0.id) < ($1.node, $1.id) } }
    }

    /// Enters a stream; nil when there are too many.
    func open(remote: String, identity: String) -> String? {
        self.state.withLock { state in
            guard state.connections.count < self.limit else { return nil }
            state.next += 1
            // The random part keeps nonces of an earlier run of this process apart from ours.
            let id = "\(state.next)-\(String(UInt32.random(in: .min ... .max), radix: 16))"
            state.connections[id] = Connection(id: id, remote: remote, identity: identity, since: Date())
            return id
        }
    }

    func update(_ id: String, _ change: (inout Connection) -> Void) {
        self.state.withLock { state in
            guard var connection = state.connections[id] else { return }
            change(&connection)
            state.connections[id] = connection
        }
    }

    func close(_ id: String) {
        self.state.withLock { $0.connections[id] = nil }
    }
}
