import Crypto
package import Foundation
import MeshModel

/// What became of a token that was presented.
package enum JoinTokenVerdict: Sendable, Hashable {
    /// It is used up, for the caller.
    case consumed(JoinToken)
    /// It does not work, for a reason that only the journal is told.
    case refused(IssuanceRefusal.Reason)
}

/// How join tokens are made and judged, wherever they are kept. Pure, but for the random bytes of a new one.
package enum JoinTokenRules {
    /// The bytes of a secret.
    static let secretBytes = 32
    /// The longest names, in bytes, as Kubernetes has them.
    private static let namespaceBytes = 63
    private static let serviceAccountBytes = 253
    /// How long a token is shown after it stopped working, in seconds.
    private static let memory = 86_400.0
    /// Stands in for the hash of a token that is not there, so that looking for one takes as long as finding it.
    private static let nobody = HexText.of(SHA256.hash(data: [0]))

    /// Makes a token that nobody keeps yet.
    ///
    /// - Throws: `AuthorityError` with `join_token_invalid` when a name or the lifetime is not allowed.
    package static func make(
        namespace: String,
        serviceAccount: String,
        lifetime: Duration,
        createdBy: String,
        now: Date
    ) throws(AuthorityError) -> FreshJoinToken {
        do {
            _ = try SPIFFEID(trustDomain: "any", namespace: namespace, serviceAccount: serviceAccount)
        } catch {
            throw AuthorityError(.joinTokenInvalid, "\(error)")
        }
        guard namespace.utf8.count <= Self.namespaceBytes, serviceAccount.utf8.count <= Self.serviceAccountBytes else {
            throw AuthorityError(
                .joinTokenInvalid,
                "a namespace may have \(Self.namespaceBytes) characters, a service account \(Self.serviceAccountBytes)"
            )
        }
        guard JoinToken.lifetimes.contains(lifetime) else {
            throw AuthorityError(
                .joinTokenInvalid,
                "a lifetime of \(lifetime) is not allowed: \(JoinToken.lifetimes.lowerBound) to "
                    + "\(JoinToken.lifetimes.upperBound)"
            )
        }
        let secret = Self.random(Self.secretBytes)
        let token = JoinToken(
            id: HexText.of(Self.random(8)),
            hash: HexText.of(SHA256.hash(data: secret)),
            namespace: namespace,
            serviceAccount: serviceAccount,
            created: now,
            createdBy: PlainLine.of(createdBy, bytes: 128),
            expires: now.addingTimeInterval(lifetime.wholeSeconds)
        )
        return FreshJoinToken(token: token, text: "tulle-join.\(token.id).\(Base64URL.encode(secret))")
    }

    /// That there are too many tokens to make another.
    package static func full(_ count: Int, of capacity: Int) -> AuthorityError {
        AuthorityError(
            .joinTokensFull,
            "\(count) tokens are kept, at most \(capacity): revoke open ones, or wait a day after they were used"
        )
    }

    /// That a new token's random id belongs to another.
    package static var idIsTaken: AuthorityError {
        AuthorityError(.joinTokenInvalid, "the token's random id is taken: ask again")
    }

    /// What a token is worth to who presents it. `consumed` with a token that has not been used says that it may be used
    /// now.
    ///
    /// - Parameters:
    ///   - token: what is kept under the presented id; nil for nothing.
    ///   - keyDigest: hash of the caller's key, lower-case hex; empty for none.
    ///   - isWelcome: whether the caller may have what the token is for; asked only of who has the secret.
    package static func judge(
        _ token: JoinToken?,
        _ presented: PresentedJoinToken,
        keyDigest: String,
        now: Date,
        isWelcome: (JoinToken) -> Bool
    ) -> JoinTokenVerdict {
        let isRight = Self.isEqual(token?.hash ?? Self.nobody, HexText.of(SHA256.hash(data: presented.secret)))
        guard let token else { return .refused(.joinTokenUnknown) }
        guard isRight else { return .refused(.joinTokenSecretWrong) }
        switch token.condition(at: now) {
        case .used where !keyDigest.isEmpty && token.usedKeyDigest == keyDigest && now < token.expires:
            return isWelcome(token) ? .consumed(token) : .refused(.joinTokenIdentityMismatch)
        case .used: return .refused(.joinTokenUsed)
        case .revoked: return .refused(.joinTokenRevoked)
        case .expired: return .refused(.joinTokenExpired)
        case .open: return isWelcome(token) ? .consumed(token) : .refused(.joinTokenIdentityMismatch)
        }
    }

    /// When a token is no longer shown: a day after it stopped working. One that was used is kept until it would have
    /// ended, too.
    package static func end(of token: JoinToken) -> Date {
        max(token.expires, token.used ?? token.revoked ?? token.expires).addingTimeInterval(Self.memory)
    }

    /// The order of a list: the newest first.
    package static func isBefore(_ one: JoinToken, _ other: JoinToken) -> Bool {
        one.created == other.created ? one.id < other.id : one.created > other.created
    }

    /// Takes as long for any two texts of one length.
    private static func isEqual(_ one: String, _ other: String) -> Bool {
        let one = Array(one.utf8)
        let other = Array(other.utf8)
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
