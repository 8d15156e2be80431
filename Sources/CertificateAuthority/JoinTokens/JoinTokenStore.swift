import Crypto
package import Foundation
import MeshModel
import Synchronization

/// The join tokens of a mesh, kept in the state directory as `join-tokens.json`: hashes of secrets, never secrets.
///
/// A token is used up on disk before anybody gets a certificate for it, together with the hash of the key that it was used
/// for. It never works for a second key; for that one it does until it ends, since the first answer may have been lost.
package final class JoinTokenStore: Sendable {
    static let secretBytes = 32
    private static let file = "join-tokens.json"
    /// The largest file, in bytes: `capacity` tokens with the longest names.
    private static let fileBytes = 16 << 20
    /// The longest names, in bytes, as Kubernetes has them.
    private static let namespaceBytes = 63
    private static let serviceAccountBytes = 253
    /// The most tokens kept.
    package static let capacity = 10_000
    /// How long a token is shown after it stopped working.
    private static let memory = 86_400.0

    private let state: StateDirectory
    private let capacity: Int
    private let tokens: Mutex<[String: JoinToken]>
    private let joined: JoinedAccounts
    /// Stands in for the hash of a token that is not there, so that looking for one takes as long as finding it.
    private let nobody = HexText.of(SHA256.hash(data: [0]))

    /// Opens the store.
    ///
    /// - Throws: `AuthorityError` with `state_…`.
    package init(state: StateDirectory, capacity: Int = JoinTokenStore.capacity) throws(AuthorityError) {
        self.state = state
        self.capacity = capacity
        self.joined = try JoinedAccounts(state: state)
        var tokens: [String: JoinToken] = [:]
        if let content = try state.read(Self.file, limit: Self.fileBytes) {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .secondsSince1970
            let list: [JoinToken]
            do {
                list = try decoder.decode([JoinToken].self, from: Data(content))
            } catch {
                throw AuthorityError(
                    .stateCorrupt,
                    "\(state.path)/\(Self.file) cannot be read: restore it from a backup, or remove it, which takes "
                        + "all open tokens back",
                    cause: error
                )
            }
            for token in list { tokens[token.id] = token }
        }
        self.tokens = Mutex(tokens)
    }

    /// Makes a token that works once.
    ///
    /// - Parameters:
    ///   - createdBy: who asks, for the list.
    /// - Throws: `AuthorityError` with `join_token_invalid` when a name or the lifetime is not allowed,
    ///   `join_tokens_full`, or `state_unwritable`; there is no token then.
    package func create(
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
        try self.change { tokens throws(AuthorityError) in
            Self.sweep(&tokens, now: now)
            guard tokens.count < self.capacity else {
                throw AuthorityError(
                    .joinTokensFull,
                    "\(tokens.count) tokens are kept, at most \(self.capacity): revoke open ones, or wait a day after "
                        + "they were used"
                )
            }
            guard tokens[token.id] == nil else {
                throw AuthorityError(.joinTokenInvalid, "the token's random id is taken: ask again")
            }
            tokens[token.id] = token
        }
        return FreshJoinToken(token: token, text: "tulle-join.\(token.id).\(Base64URL.encode(secret))")
    }

    /// All tokens that are kept, the newest first.
    package func list(now: Date) -> [JoinToken] {
        self.tokens.withLock { tokens in
            tokens.values.filter { !Self.isForgotten($0, now: now) }.sorted {
                $0.created == $1.created ? $0.id < $1.id : $0.created > $1.created
            }
        }
    }

    /// Takes a token back.
    ///
    /// - Returns: whether there was an open token of this id.
    /// - Throws: `AuthorityError` with `state_unwritable`; the token then still works.
    @discardableResult
    package func revoke(_ id: String, now: Date) throws(AuthorityError) -> Bool {
        guard self.tokens.withLock({ $0[id]?.condition(at: now) }) == .open else { return false }
        var isRevoked = false
        try self.change { tokens throws(AuthorityError) in
            guard tokens[id]?.condition(at: now) == .open else { return }
            tokens[id]?.revoked = now
            isRevoked = true
        }
        return isRevoked
    }

    /// Whether a machine has joined as `<namespace>/<service account>`, at any time.
    package func hasJoined(_ account: String) -> Bool { self.joined.contains(account) }

    /// What became of a token that was presented.
    enum Verdict: Sendable, Hashable {
        case consumed(JoinToken)
        case refused(IssuanceRefusal.Reason)
    }

    /// Uses a token up; one that was used for this very key counts as used by this call.
    ///
    /// - Parameters:
    ///   - keyDigest: hash of the caller's key, lower-case hex; empty for none.
    ///   - isWelcome: whether the caller may have what the token is for; asked only of who has the secret, and a token
    ///     whose holder is not welcome stays open.
    /// - Throws: `AuthorityError` with `state_unwritable`; the token then stays open.
    func consume(
        _ presented: PresentedJoinToken,
        keyDigest: String,
        now: Date,
        isWelcome: (JoinToken) -> Bool = { _ in true }
    ) throws(AuthorityError) -> Verdict {
        // Judged before anything is written: a stranger must not keep the disk busy.
        let first = self.tokens.withLock {
            self.judge($0, presented, keyDigest: keyDigest, now: now, isWelcome: isWelcome)
        }
        guard case .consumed(let token) = first, token.used == nil else { return first }
        var verdict = first
        try self.change { tokens throws(AuthorityError) in
            verdict = self.judge(tokens, presented, keyDigest: keyDigest, now: now, isWelcome: isWelcome)
            guard case .consumed(var token) = verdict, token.used == nil else { return }
            try self.joined.insert("\(token.namespace)/\(token.serviceAccount)")
            token.used = now
            token.usedKeyDigest = keyDigest
            tokens[token.id] = token
            verdict = .consumed(token)
        }
        return verdict
    }

    private func judge(
        _ tokens: [String: JoinToken],
        _ presented: PresentedJoinToken,
        keyDigest: String,
        now: Date,
        isWelcome: (JoinToken) -> Bool
    ) -> Verdict {
        let token = tokens[presented.id]
        let isRight = Self.isEqual(token?.hash ?? self.nobody, HexText.of(SHA256.hash(data: presented.secret)))
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

    /// Changes the tokens on disk first and in memory then; both or neither.
    private func change(
        _ body: (inout [String: JoinToken]) throws(AuthorityError) -> Void
    ) throws(AuthorityError) {
        try self.tokens.withLock { tokens throws(AuthorityError) in
            var after = tokens
            try body(&after)
            guard after != tokens else { return }
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .secondsSince1970
            encoder.outputFormatting = [.sortedKeys]
            let content: Data
            do {
                content = try encoder.encode(after.values.sorted { $0.id < $1.id })
            } catch {
                throw AuthorityError(.stateUnwritable, "\(Self.file) cannot be encoded", cause: error)
            }
            try self.state.write(Self.file, Array(content))
            tokens = after
        }
    }

    private static func sweep(_ tokens: inout [String: JoinToken], now: Date) {
        tokens = tokens.filter { !Self.isForgotten($0.value, now: now) }
    }

    /// Whether a token has not worked for a day. One that was used is kept until it would have ended, too.
    private static func isForgotten(_ token: JoinToken, now: Date) -> Bool {
        let end = max(token.expires, token.used ?? token.revoked ?? token.expires)
        return now >= end.addingTimeInterval(Self.memory)
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
