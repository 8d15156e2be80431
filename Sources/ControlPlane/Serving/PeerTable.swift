package import Foundation
import GRPCCore
package import MeshModel
import Synchronization

/// Who is at the other end of a connection: what its certificate proves.
package struct Peer: Sendable, Hashable {
    /// How it proved who it is.
    package enum Proof: String, Sendable, Hashable {
        /// By the client certificate of its connection.
        case certificate
        /// By an attestation in the call's metadata.
        case attestation
    }

    /// The proven identity.
    package let identity: SPIFFEID
    /// When the proof ends.
    package let expiry: Date
    /// What the proof is.
    package let proof: Proof
    /// The client certificate of the connection as DER; empty for another proof.
    package let certificate: [UInt8]

    /// Makes a peer.
    package init(identity: SPIFFEID, expiry: Date, proof: Proof = .certificate, certificate: [UInt8] = []) {
        self.identity = identity
        self.expiry = expiry
        self.proof = proof
        self.certificate = certificate
    }
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

        init(remote: String, local: String) {
            self.remote = remote
            self.local = local
        }

        init(_ context: ServerContext) { self.init(remote: context.remotePeer, local: context.localPeer) }
    }

    private struct Entry {
        var peer: Peer?
        var abort: (@Sendable () -> Void)?
    }

    private struct State {
        var entries: [Key: [UInt64: Entry]] = [:]
        var connections = 0
        var next: UInt64 = 0
        var bucket: TokenBucket
    }

    private let capacity: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - capacity: the most connections at once.
    ///   - rate: the most new connections a second.
    ///   - burst: the most new connections at once after a pause.
    init(capacity: Int, rate: Int, burst: Int) {
        self.capacity = capacity
        self.state = Mutex(State(bucket: TokenBucket(rate: rate, burst: burst, now: .now)))
    }

    /// How many connections are open, finished handshake or not.
    var connections: Int { self.state.withLock { $0.connections } }

    /// Counts a new connection in; false when there are too many, or too many new ones.
    func admit() -> Bool {
        self.state.withLock { state in
            guard state.connections < self.capacity, state.bucket.take(at: .now) == nil else { return false }
            state.connections += 1
            return true
        }
    }

    /// Counts a connection out.
    func release() {
        self.state.withLock { $0.connections -= 1 }
    }

    /// Enters a connection whose handshake is done; nil stands for a peer without a certificate.
    ///
    /// - Parameter abort: ends the connection at once; returns without waiting.
    func enter(_ peer: Peer?, at key: Key, abort: (@Sendable () -> Void)? = nil) -> UInt64 {
        self.state.withLock { state in
            state.next += 1
            state.entries[key, default: [:]][state.next] = Entry(peer: peer, abort: abort)
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
    func peer(of context: ServerContext) -> Peer? { self.entry(at: Key(context))?.peer }

    /// Ends the connection of a call at once: for a peer that takes nothing any more, not even an error.
    func abort(_ context: ServerContext) { self.entry(at: Key(context))?.abort?() }

    private func entry(at key: Key) -> Entry? {
        self.state.withLock { state in
            guard let entries = state.entries[key], entries.count == 1 else { return nil }
            return entries.values.first
        }
    }
}
