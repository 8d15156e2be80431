package import Foundation

/// A secret with which a machine that is no task gets its first certificate, once. Without the secret, of which only
/// the hash is kept.
package struct JoinToken: Sendable, Hashable, Codable {
    /// What stands before id and secret in the `authorization` metadata.
    package static let scheme = "Bearer tulle-join."
    /// How long the identity may be offered, in seconds: a minute to 30 days.
    package static let lifetimes: ClosedRange<Duration> = .seconds(60) ... .seconds(30 * 86_400)

    /// Where a token stands.
    package enum Condition: String, Sendable, Hashable, CaseIterable {
        case open, used, revoked, expired
    }

    /// Names the token without giving it away: 16 hex digits.
    package let id: String
    /// Lower-case hex SHA-256 of the secret's 32 random bytes.
    package let hash: String
    /// The namespace of the identity.
    package let namespace: String
    /// The service account of the identity.
    package let serviceAccount: String
    /// When it was made.
    package let created: Date
    /// Who made it, as that person says.
    package let createdBy: String
    /// The first instant at which it no longer works.
    package let expires: Date
    /// When it was used; nil while it was not.
    package private(set) var used: Date?
    /// Hash of the key that it was used for, lower-case hex.
    package private(set) var usedKeyDigest: String?
    /// When it was taken back; nil while it was not.
    package private(set) var revoked: Date?

    /// Holds the parts as they are kept.
    package init(
        id: String,
        hash: String,
        namespace: String,
        serviceAccount: String,
        created: Date,
        createdBy: String,
        expires: Date,
        used: Date? = nil,
        usedKeyDigest: String? = nil,
        revoked: Date? = nil
    ) {
        self.id = id
        self.hash = hash
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.created = created
        self.createdBy = createdBy
        self.expires = expires
        self.used = used
        self.usedKeyDigest = usedKeyDigest
        self.revoked = revoked
    }

    /// Whose it is: `<namespace>/<service account>`.
    package var account: String { "\(self.namespace)/\(self.serviceAccount)" }

    /// Takes it back.
    package mutating func revoke(at now: Date) { self.revoked = now }

    /// The same, used for a key.
    package func usedUp(for keyDigest: String, at now: Date) -> JoinToken {
        var token = self
        token.used = now
        token.usedKeyDigest = keyDigest
        return token
    }

    /// Where the token stands at this instant.
    package func condition(at now: Date) -> Condition {
        if self.used != nil { return .used }
        if self.revoked != nil { return .revoked }
        return now < self.expires ? .open : .expired
    }
}

/// A token that was just made, with the one copy of its secret.
package struct FreshJoinToken: Sendable, CustomStringConvertible {
    /// All but the secret.
    package let token: JoinToken
    /// `tulle-join.<id>.<secret>`: what the machine sends after `Bearer `. Shown once, kept nowhere.
    package let text: String

    /// The id, without the secret.
    package var description: String { "join token \(self.token.id), the secret is not shown" }
}

/// A token as a caller presents it: well formed, and nothing proven.
package struct PresentedJoinToken: Sendable, CustomStringConvertible {
    /// Which token.
    package let id: String
    /// The 32 bytes.
    let secret: [UInt8]

    /// Reads the one value of the `authorization` metadata; nil when it has another form.
    package init?(authorization values: [String]) {
        guard values.count == 1, let value = values.first, value.utf8.count <= 128,
            value.hasPrefix(JoinToken.scheme)
        else { return nil }
        let parts = value.dropFirst(JoinToken.scheme.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16,
            parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            let secret = Base64URL.decode(parts[1].utf8), secret.count == JoinTokenRules.secretBytes
        else { return nil }
        self.id = String(parts[0])
        self.secret = secret
    }

    /// The id, without the secret.
    package var description: String { "join token \(self.id), the secret is not shown" }
}
