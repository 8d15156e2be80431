internal import Synchronization

/// The revocations in force, shared by all contexts and threads.
///
/// A handshake reads them at the moment at which it judges the peer. So a reload needs two steps in this order:
/// ``replace(_:)``, and then ``TLSSession/judgeAgain(with:)`` of the sessions that were judged before. A handshake that
/// overlaps the reload either reads the new set or is among those sessions.
package final class RevocationRegister: Sendable {
    private let current = Mutex((set: RevocationSet(), generation: UInt64(0)))
    private let rejectedServers = Atomic<UInt64>(0)
    private let rejectedClients = Atomic<UInt64>(0)

    /// A register that revokes nothing.
    package init() {}

    /// Puts another set in force.
    package func replace(_ set: RevocationSet) {
        current.withLock { current in
            current.set = set
            current.generation &+= 1
        }
    }

    /// The set in force.
    package var set: RevocationSet { latest.set }

    /// How often the set was replaced.
    package var generation: UInt64 { latest.generation }

    var latest: (set: RevocationSet, generation: UInt64) { current.withLock { $0 } }

    /// Handshakes refused because the peer's chain is revoked, by our role: as `client` the peer is a server.
    package func rejections(as role: TLSRole) -> UInt64 {
        switch role {
        case .client: rejectedServers.load(ordering: .relaxed)
        case .server: rejectedClients.load(ordering: .relaxed)
        }
    }

    func countRejection(as role: TLSRole) {
        switch role {
        case .client: rejectedServers.add(1, ordering: .relaxed)
        case .server: rejectedClients.add(1, ordering: .relaxed)
        }
    }
}
