package import Foundation
import MeshModel

/// Proves a machine by a join token: `authorization: Bearer tulle-join.<id>.<secret>`.
///
/// Every refusal looks the same from outside. The journal knows which it was.
package struct JoinTokenAttestor: CallerAttesting {
    package let kind = AttestorKind.joinToken
    private let store: any JoinTokenKeeping
    private let trustDomain: String

    /// Makes an attestor for identities of a trust domain.
    package init(store: any JoinTokenKeeping, trustDomain: String) {
        self.store = store
        self.trustDomain = trustDomain
    }

    package func checkForm(_ evidence: CallerEvidence) throws(IssuanceRefusal) {
        _ = try self.presented(evidence)
    }

    package func attest(_ evidence: CallerEvidence, now: Date) async throws(IssuanceRefusal) -> AttestedCaller {
        let presented = try self.presented(evidence)
        let verdict: JoinTokenVerdict
        do {
            verdict = try await self.store.consume(presented, keyDigest: evidence.keyDigest, now: now) { token in
                guard let identity = self.identity(of: token) else { return false }
                return evidence.wished.allSatisfy { $0 == identity.uri }
            }
        } catch {
            throw IssuanceRefusal(.authorityUnavailable, "the control plane cannot keep its state, try again later")
        }
        switch verdict {
        case .consumed(let token):
            guard let identity = self.identity(of: token) else {
                throw Self.refusal(.joinTokenIdentityMismatch, "token \(token.id) names no valid identity")
            }
            return AttestedCaller(identity: identity, kind: self.kind, caller: "join-token/\(token.id)")
        case .refused(let reason):
            var refusal = Self.refusal(reason, "join token \(presented.id)")
            // Only who has the secret is the token's holder.
            if reason != .joinTokenUnknown, reason != .joinTokenSecretWrong {
                refusal.caller = "join-token/\(presented.id)"
            }
            throw refusal
        }
    }

    private func presented(_ evidence: CallerEvidence) throws(IssuanceRefusal) -> PresentedJoinToken {
        guard let presented = PresentedJoinToken(authorization: evidence.authorization) else {
            throw Self.refusal(.joinTokenMalformed, "the form is '\(JoinToken.scheme)<id>.<secret>'")
        }
        return presented
    }

    private func identity(of token: JoinToken) -> SPIFFEID? {
        try? SPIFFEID(
            trustDomain: self.trustDomain,
            namespace: token.namespace,
            serviceAccount: token.serviceAccount
        )
    }

    private static func refusal(_ reason: IssuanceRefusal.Reason, _ note: String) -> IssuanceRefusal {
        IssuanceRefusal(.joinTokenRefused, secretly: reason, note)
    }
}
