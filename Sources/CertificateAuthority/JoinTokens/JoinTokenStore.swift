package import Foundation
import Synchronization

/// The join tokens of a control plane that is alone, in `join-tokens.json` of the state directory: hashes of secrets, never
/// secrets.
package final class JoinTokenStore: JoinTokenKeeping {
    private static let file = "join-tokens.json"
    /// The largest file, in bytes: `capacity` tokens with the longest names.
    private static let fileBytes = 16 << 20
    /// The most tokens kept.
    package static let capacity = 10_000

    private let state: StateDirectory
    private let capacity: Int
    private let tokens: Mutex<[String: JoinToken]>
    private let joined: JoinedAccounts

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

    package func create(
        namespace: String,
        serviceAccount: String,
        lifetime: Duration,
        createdBy: String,
        now: Date
    ) throws(AuthorityError) -> FreshJoinToken {
        let fresh = try JoinTokenRules.make(
            namespace: namespace,
            serviceAccount: serviceAccount,
            lifetime: lifetime,
            createdBy: createdBy,
            now: now
        )
        try self.change { tokens throws(AuthorityError) in
            tokens = tokens.filter { now < JoinTokenRules.end(of: $0.value) }
            guard tokens.count < self.capacity else { throw JoinTokenRules.full(tokens.count, of: self.capacity) }
            guard tokens[fresh.token.id] == nil else { throw JoinTokenRules.idIsTaken }
            tokens[fresh.token.id] = fresh.token
        }
        return fresh
    }

    package func list(now: Date) -> [JoinToken] {
        self.tokens.withLock { tokens in
            tokens.values.filter { now < JoinTokenRules.end(of: $0) }.sorted(by: JoinTokenRules.isBefore)
        }
    }

    @discardableResult
    package func revoke(_ id: String, now: Date) throws(AuthorityError) -> Bool {
        guard self.tokens.withLock({ $0[id]?.condition(at: now) }) == .open else { return false }
        var isRevoked = false
        try self.change { tokens throws(AuthorityError) in
            guard tokens[id]?.condition(at: now) == .open else { return }
            tokens[id]?.revoke(at: now)
            isRevoked = true
        }
        return isRevoked
    }

    package func hasJoined(_ account: String) -> Bool { self.joined.contains(account) }

    /// The accounts that machines have joined as.
    package var joinedAccounts: [String] { self.joined.all }

    /// Sets the files aside after all in them was taken to where replicas share it: nothing is read from them any more.
    ///
    /// - Throws: `AuthorityError` with `state_…`; they may then be taken over again, which does no harm.
    package static func setAside(in state: StateDirectory) throws(AuthorityError) {
        for name in [Self.file, JoinedAccounts.file] {
            guard let content = try state.read(name, limit: Self.fileBytes) else { continue }
            try state.write("moved-\(name)", content)
            try state.remove(name)
        }
    }

    package func consume(
        _ presented: PresentedJoinToken,
        keyDigest: String,
        now: Date,
        isWelcome: @Sendable (JoinToken) -> Bool
    ) throws(AuthorityError) -> JoinTokenVerdict {
        func judge(_ tokens: [String: JoinToken]) -> JoinTokenVerdict {
            JoinTokenRules.judge(
                tokens[presented.id],
                presented,
                keyDigest: keyDigest,
                now: now,
                isWelcome: isWelcome
            )
        }
        // Judged before anything is written: a stranger must not keep the disk busy.
        let first = self.tokens.withLock { judge($0) }
        guard case .consumed(let token) = first, token.used == nil else { return first }
        var verdict = first
        try self.change { tokens throws(AuthorityError) in
            verdict = judge(tokens)
            guard case .consumed(let open) = verdict, open.used == nil else { return }
            try self.joined.insert(open.account)
            let used = open.usedUp(for: keyDigest, at: now)
            tokens[used.id] = used
            verdict = .consumed(used)
        }
        return verdict
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
}
