package import Foundation

/// Where the join tokens of a mesh are kept: a file of one control plane, or a table that several share.
///
/// A token is used up there before anybody gets a certificate for it, together with the hash of the key that it was used
/// for. It never works for a second key; for that one it does until it ends, since the first answer may have been lost.
package protocol JoinTokenKeeping: Sendable {
    /// Makes a token that works once.
    ///
    /// - Parameters:
    ///   - createdBy: who asks, for the list.
    /// - Throws: `AuthorityError` with `join_token_invalid` when a name or the lifetime is not allowed,
    ///   `join_tokens_full`, `state_unwritable` or `state_unavailable`; there is no token then.
    func create(
        namespace: String,
        serviceAccount: String,
        lifetime: Duration,
        createdBy: String,
        now: Date
    ) async throws(AuthorityError) -> FreshJoinToken

    /// All tokens that are kept, the newest first.
    ///
    /// - Throws: `AuthorityError` with `state_unavailable`.
    func list(now: Date) async throws(AuthorityError) -> [JoinToken]

    /// Takes a token back.
    ///
    /// - Returns: whether there was an open token of this id.
    /// - Throws: `AuthorityError` with `state_unwritable` or `state_unavailable`; the token then still works.
    func revoke(_ id: String, now: Date) async throws(AuthorityError) -> Bool

    /// Uses a token up; one that was used for this very key counts as used by this call.
    ///
    /// - Parameters:
    ///   - keyDigest: hash of the caller's key, lower-case hex; empty for none.
    ///   - isWelcome: whether the caller may have what the token is for; asked only of who has the secret, and a token
    ///     whose holder is not welcome stays open.
    /// - Throws: `AuthorityError` with `state_unwritable` or `state_unavailable`; the caller gets nothing then, and may come
    ///   again with the same key.
    func consume(
        _ presented: PresentedJoinToken,
        keyDigest: String,
        now: Date,
        isWelcome: @Sendable (JoinToken) -> Bool
    ) async throws(AuthorityError) -> JoinTokenVerdict

    /// Whether a machine has joined as `<namespace>/<service account>`, at any time.
    ///
    /// - Throws: `AuthorityError` with `state_unavailable`.
    func hasJoined(_ account: String) async throws(AuthorityError) -> Bool
}
