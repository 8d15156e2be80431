package import Foundation
import GRPCCore
package import MeshModel
import Synchronization

/// Who is at the other end of a connection: what its certificate proves.
package struct Peer: Sendable, Hashable {
    /// The identity in the certificate.
    package let identity: SPIFFEID
    /// When the certificate ends.
    package let expiry: Date
}

/// The verified peers of all open connections.
///
/// The transport does not hand a call the certificate of its connection when the listener is our own, so calls find
/// it by the two addresses of their connection. Those are unique among live connections; should two entries ever
/// share them, because one socket is gone and its channel not yet, nobody is taken for anybody.
final class PeerTable: Sendable {
    struct Key: Hashable, Sendable {
        let remote: String
        let local: String
    }

    private struct State {
        var entries: [Key: [UInt64: Peer?]] = [:]
        var connections = 0
        var next: UInt64 = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: the most connections at once.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// How many connections are open, finished handshake or not.
    var connections: Int { self.state.withLock { $0.connections } }

    /// Counts a new connection in; false when there are too many.
    func admit() -> Bool {
        self.state.withLock { state in
            guard state.connections < self.capacity else { return false }
            state.connections += 1
            return true
        }
    }

    /// Counts a connection out.
    func release() {
        self.state.withLock { $0.connections -= 1 }
    }

    /// Enters a connection whose handshake is done; nil stands for a peer without a certificate.
    func enter(_ peer: Peer?, at key: Key) -> UInt64 {
        self.state.withLock { state in
            state.next += 1
            state.entries[key, default: [:]][state.next] = .some(peer)
            return state.next
        }
    }

    /// Forgets a connection.
    func forget(_ number: UInt64, at key: Key) {
        self.state.withLock { state in
            state.entries[key]?[number] = nil
            if state.entries[key]?.isEmpty == true { state.entries[key] = nil }
        }
    }

    /// The peer of a call; nil when it has no certificate, or when it is not certain which connection it came on.
    func peer(of context: ServerContext) -> Peer? {
        let key = Key(remote: context.remotePeer, local: context.localPeer)
        return self.state.withLock { state in
            guard let entries = state.entries[key], entries.count == 1, let only = entries.values.first else {
                return nil
            }
            return only
        }
    }
}
