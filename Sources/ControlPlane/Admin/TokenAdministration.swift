package import Foundation

/// What the admin API does with join tokens, by which machines that are no ECS task prove who they are. The authority
/// provides it.
package protocol TokenAdministration: Sendable {
    /// All tokens, without their secrets, newest first.
    func tokens() async throws(AdminFault) -> [AdminToken]

    /// Makes a token.
    func make(_ wish: TokenWish) async throws(AdminFault) -> MadeToken

    /// Takes a token back; certificates that were given out for it stay until their end.
    ///
    /// - Throws: `AdminFault` with `not_found`.
    func revoke(_ id: String) async throws(AdminFault)
}

/// What a new token should be for.
package struct TokenWish: Sendable, Hashable, Decodable {
    /// The namespace of the identity that it stands for.
    package var namespace: String
    /// The service account of that identity.
    package var serviceAccount: String
    /// For how many seconds it may be used; nil for the authority's own default.
    package var ttlSeconds: Int?
    /// How often it may be used; nil for once.
    package var uses: Int?

    /// Makes a wish.
    package init(namespace: String, serviceAccount: String, ttlSeconds: Int? = nil, uses: Int? = nil) {
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.ttlSeconds = ttlSeconds
        self.uses = uses
    }
}

/// A token without its secret.
package struct AdminToken: Sendable, Hashable, Encodable {
    /// How it stands.
    package enum State: String, Sendable, Encodable {
        case active, used, expired, revoked
    }

    /// Its id.
    package var id: String
    /// The namespace of the identity that it stands for.
    package var namespace: String
    /// The service account of that identity.
    package var serviceAccount: String
    /// How it stands.
    package var state: State
    /// When it was made.
    package var created: Date
    /// When it ends.
    package var expires: Date
    /// How often it may still be used.
    package var usesLeft: Int

    /// Makes an entry.
    package init(
        id: String,
        namespace: String,
        serviceAccount: String,
        state: State,
        created: Date,
        expires: Date,
        usesLeft: Int
    ) {
        self.id = id
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.state = state
        self.created = created
        self.expires = expires
        self.usesLeft = usesLeft
    }
}

/// A token that was just made: the only time that its secret is seen.
package struct MadeToken: Sendable, CustomStringConvertible {
    /// What is known of it afterwards.
    package var entry: AdminToken
    /// The secret.
    package var token: String

    /// Holds both.
    package init(entry: AdminToken, token: String) {
        self.entry = entry
        self.token = token
    }

    /// The id alone.
    package var description: String { "MadeToken(\(self.entry.id))" }
}
