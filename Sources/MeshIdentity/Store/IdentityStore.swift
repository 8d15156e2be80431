package import BoringTLS
internal import MeshModel
internal import Synchronization

/// One identity with all that is made from it; immutable, swapped whole.
package final class IdentitySnapshot: Sendable {
    /// Counts from 1 with each identity that was installed.
    package let generation: UInt64
    /// Who we are.
    package let svid: SVID
    /// The same as a SPIFFE URI, made once for all connections.
    package let uri: String
    /// Whom we believe.
    package let bundle: TrustBundle
    /// The TLS context for both roles of mesh sessions; a session's role decides what the peer must show.
    package let context: TLSContext

    init(generation: UInt64, issued: IssuedIdentity, context: TLSContext) {
        self.generation = generation
        svid = issued.svid
        uri = "\(issued.svid.identity)"
        bundle = issued.bundle
        self.context = context
    }
}

/// The identity in use, shared by all event loops.
///
/// It fails closed: without a certificate, and from the moment it expires, there is nothing to connect or accept with.
package final class IdentityStore: Sendable {
    private let current = Mutex<IdentitySnapshot?>(nil)
    private let missing = Mutex<(@Sendable () -> Void)?>(nil)
    private let expected = Atomic<Bool>(false)
    private let policy: TLSPolicy
    private let revocations: RevocationRegister?

    /// Holds nothing yet.
    /// - Parameters:
    ///   - policy: what connections may agree on.
    ///   - revocations: which peers are revoked; nil where nobody is.
    package init(policy: TLSPolicy = TLSPolicy(), revocations: RevocationRegister? = nil) {
        self.policy = policy
        self.revocations = revocations
    }

    /// Calls `body` once when a connection finds no valid identity; in place of what was set before.
    package func whenMissing(_ body: @escaping @Sendable () -> Void) {
        missing.withLock { $0 = body }
        expect()
    }

    /// Says that somebody will ask for identities to put here.
    package func expect() { expected.store(true, ordering: .relaxed) }

    /// Whether somebody asks for identities to put here: then it makes sense to wait for the first one.
    package var isExpected: Bool { expected.load(ordering: .relaxed) }

    private func report() {
        let body = missing.withLock { missing in
            let body = missing
            missing = nil
            return body
        }
        body?()
    }

    /// Makes an issued identity the current one; connections that begin from now on use it.
    ///
    /// - Returns: the new snapshot.
    /// - Throws: ``IdentityError`` `issued_chain_unusable` when TLS refuses it; the previous one stays.
    @discardableResult
    package func install(_ issued: IssuedIdentity) throws(IdentityError) -> IdentitySnapshot {
        let context: TLSContext
        do {
            context = try TLSContext(
                identity: issued.svid.credentials,
                trust: issued.bundle.anchors,
                policy: policy,
                revocations: revocations
            )
        } catch {
            throw IdentityError(.unusable, error.message)
        }
        return current.withLock { current in
            let snapshot = IdentitySnapshot(
                generation: (current?.generation ?? 0) &+ 1,
                issued: issued,
                context: context
            )
            current = snapshot
            return snapshot
        }
    }

    /// The identity to begin a connection with.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: ``IdentityError`` `identity_missing` or `identity_expired`.
    package func snapshot(now: Int64) throws(IdentityError) -> IdentitySnapshot {
        guard let snapshot = latest else {
            report()
            throw IdentityError(.missing, "no certificate was issued yet; is the control plane reachable?")
        }
        guard now < snapshot.svid.notAfter else {
            report()
            throw IdentityError(
                .expired,
                "certificate \(snapshot.svid.serial) of \(snapshot.svid.identity) expired at \(snapshot.svid.notAfter) "
                    + "(seconds since 1970) and was not renewed; is the control plane reachable?"
            )
        }
        return snapshot
    }

    /// The last installed identity, be it expired or not: for status pages.
    package var latest: IdentitySnapshot? { current.withLock { $0 } }

    /// The generation in use; 0 before the first.
    package var generation: UInt64 { latest?.generation ?? 0 }
}
