package import Foundation
import MeshModel
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
        /// How it proved that.
        package var proof: Peer.Proof
        /// The node id of its first request; empty before it.
        package var node = ""
        /// The cluster that its node says it is of; empty for none.
        package var cluster = ""
        /// The version that its node says it has; empty for none.
        package var version = ""
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
        var byIdentity: [String: Int] = [:]
        var next: UInt64 = 0
    }

    /// What came of a wish for a stream.
    enum Opening: Sendable, Hashable {
        /// It is open, with this id.
        case open(String)
        /// There are too many streams.
        case full
        /// This identity has too many.
        case identityFull(limit: Int)
    }

    private let limit: Int
    private let identityLimit: Int
    private let state = Mutex(State())

    /// Makes an empty table for at most so many streams.
    ///
    /// - Parameter identityLimit: how many of them one identity may have; nil for all.
    package init(limit: Int, identityLimit: Int? = nil) {
        self.limit = limit
        self.identityLimit = identityLimit ?? limit
    }

    /// All open streams, by node.
    package var connections: [Connection] {
        // Sorted outside of the lock, for which every push waits.
        let connections = self.state.withLock { Array($0.connections.values) }
        return connections.sorted { ($0.node, $0.id) < ($1.node, $1.id) }
    }

    /// How many open streams are so.
    package func count(where matches: (Connection) -> Bool) -> Int {
        self.state.withLock { $0.connections.values.count(where: matches) }
    }

    /// Enters a stream, if there is room.
    func open(remote: String, peer: Peer) -> Opening {
        let identity = peer.identity.uri
        return self.state.withLock { state in
            guard state.connections.count < self.limit else { return .full }
            guard state.byIdentity[identity, default: 0] < self.identityLimit else {
                return .identityFull(limit: self.identityLimit)
            }
            state.next += 1
            // The random part keeps nonces of an earlier run of this process apart from ours.
            let id = "\(state.next)-\(String(UInt32.random(in: .min ... .max), radix: 16))"
            state.connections[id] = Connection(
                id: id,
                remote: remote,
                identity: identity,
                proof: peer.proof,
                since: Date()
            )
            state.byIdentity[identity, default: 0] += 1
            return .open(id)
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
        self.state.withLock { state in
            guard let connection = state.connections.removeValue(forKey: id) else { return }
            let left = state.byIdentity[connection.identity, default: 1] - 1
            state.byIdentity[connection.identity] = left > 0 ? left : nil
        }
    }
}
