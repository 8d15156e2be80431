import AWSClient
package import CertificateAuthority
package import Foundation
import Synchronization

/// The join tokens of a mesh whose replicas share a table: `token/<id>` for each, `joined/<account>` for each account that a
/// machine has joined as. Hashes of secrets, never secrets.
///
/// A token is used up by a write that only one of all replicas can make. While the table gives no answer nobody gets
/// anything, and tokens stay as they are.
package struct TableJoinTokens: JoinTokenKeeping {
    private static let tokens = "token"
    private static let joined = "joined"
    /// The most tokens kept.
    package static let capacity = 10_000
    /// How often a write is tried that others came before.
    private static let attempts = 3
    /// The field that says where a token stands, as conditions compare it.
    private static let state = "state"

    private let table: any ReplicaTable
    private let capacity: Int
    private let gate: TokenGate

    /// Makes it over a table.
    ///
    /// - Parameters:
    ///   - gate: bounds what strangers have us read.
    package init(table: any ReplicaTable, capacity: Int = TableJoinTokens.capacity, gate: TokenGate = TokenGate()) {
        self.table = table
        self.capacity = capacity
        self.gate = gate
    }

    package func create(
        namespace: String,
        serviceAccount: String,
        lifetime: Duration,
        createdBy: String,
        now: Date
    ) async throws(AuthorityError) -> FreshJoinToken {
        let fresh = try JoinTokenRules.make(
            namespace: namespace,
            serviceAccount: serviceAccount,
            lifetime: lifetime,
            createdBy: createdBy,
            now: now
        )
        let count = try await self.list(now: now).count
        guard count < self.capacity else { throw JoinTokenRules.full(count, of: self.capacity) }
        let item = TableItem(Self.key(fresh.token.id), Self.fields(fresh.token))
        guard try await self.write([.put(item, if: .absent)]) else { throw JoinTokenRules.idIsTaken }
        return fresh
    }

    package func list(now: Date) async throws(AuthorityError) -> [JoinToken] {
        let items: [TableItem]
        do {
            // Those that ended lie there until DynamoDB gets round to them, hence the double.
            items = try await self.table.items(in: Self.tokens, after: nil, limit: self.capacity * 2)
        } catch {
            throw AuthorityError(table: error)
        }
        return items.compactMap(Self.token).filter { now < JoinTokenRules.end(of: $0) }
            .sorted(by: JoinTokenRules.isBefore)
    }

    package func revoke(_ id: String, now: Date) async throws(AuthorityError) -> Bool {
        guard let token = try await self.token(id), token.condition(at: now) == .open else { return false }
        let key = Self.key(id)
        var revoked = token
        revoked.revoke(at: now)
        return try await self.write([.update(key, set: Self.fields(revoked), if: Self.isOpen)])
    }

    package func consume(
        _ presented: PresentedJoinToken,
        keyDigest: String,
        now: Date,
        isWelcome: @Sendable (JoinToken) -> Bool
    ) async throws(AuthorityError) -> JoinTokenVerdict {
        guard self.gate.enter() else {
            throw AuthorityError(.stateUnavailable, "too many join tokens at once, try again")
        }
        defer { self.gate.leave() }
        for _ in 0..<Self.attempts {
            // Judged before anything is written, and again after another replica was there first.
            let verdict = JoinTokenRules.judge(
                try await self.token(presented.id),
                presented,
                keyDigest: keyDigest,
                now: now,
                isWelcome: isWelcome
            )
            guard case .consumed(let open) = verdict, open.used == nil else { return verdict }
            let used = open.usedUp(for: keyDigest, at: now)
            var writes: [TableWrite] = [
                .update(Self.key(used.id), set: Self.fields(used), if: Self.isOpen)
            ]
            // Not written anew: many machines of one account would stand in each other's way.
            if try await !self.hasJoined(used.account) {
                writes.append(self.joining(used.account, now: now))
            }
            if try await self.write(writes) { return .consumed(used) }
        }
        throw AuthorityError(.stateUnavailable, "join token \(presented.id) changes too often, try again")
    }

    /// Takes over what a control plane had that was alone until now. What is in the table already stays as it is.
    ///
    /// - Throws: `AuthorityError` with `state_unavailable`; the same may be taken over again.
    package func adopt(_ store: JoinTokenStore, now: Date) async throws(AuthorityError) {
        for token in store.list(now: now) {
            _ = try await self.write([.put(TableItem(Self.key(token.id), Self.fields(token)), if: .absent)])
        }
        for account in store.joinedAccounts {
            guard try await !self.hasJoined(account) else { continue }
            _ = try await self.write([self.joining(account, now: now)])
        }
    }

    package func hasJoined(_ account: String) async throws(AuthorityError) -> Bool {
        try await self.item(TableKey(Self.joined, account)) != nil
    }

    // MARK: The table

    private func joining(_ account: String, now: Date) -> TableWrite {
        .put(TableItem(TableKey(Self.joined, account), ["since": Self.value(now)]))
    }

    private func token(_ id: String) async throws(AuthorityError) -> JoinToken? {
        try await self.item(Self.key(id)).flatMap(Self.token)
    }

    private func item(_ key: TableKey) async throws(AuthorityError) -> TableItem? {
        do {
            return try await self.table.get(key)
        } catch {
            throw AuthorityError(table: error)
        }
    }

    /// Whether all conditions held, so that all was written.
    private func write(_ writes: [TableWrite]) async throws(AuthorityError) -> Bool {
        do {
            return try await self.table.write(writes) == .done
        } catch {
            throw AuthorityError(table: error)
        }
    }

    // MARK: Items

    private static let isOpen = TableCondition.equal([Self.state: .string("open")])

    private static func key(_ id: String) -> TableKey { TableKey(Self.tokens, id) }

    /// Milliseconds, as the table's numbers are whole.
    private static func value(_ date: Date) -> TableValue { .number(Int64(date.timeIntervalSince1970 * 1000)) }

    private static func fields(_ token: JoinToken) -> [String: TableValue] {
        var fields: [String: TableValue] = [
            self.state: .string(token.used != nil ? "used" : token.revoked != nil ? "revoked" : "open"),
            "hash": .string(token.hash), "namespace": .string(token.namespace),
            "serviceAccount": .string(token.serviceAccount), "created": self.value(token.created),
            "createdBy": .string(token.createdBy), "expires": self.value(token.expires),
            "ttl": .number(Int64(JoinTokenRules.end(of: token).timeIntervalSince1970.rounded(.up))),
        ]
        fields["used"] = token.used.map(self.value)
        fields["usedKeyDigest"] = token.usedKeyDigest.map(TableValue.string)
        fields["revoked"] = token.revoked.map(self.value)
        return fields
    }

    /// Nil for an item that lacks something, which then counts as no token. So does one whose fields contradict each other.
    private static func token(_ item: TableItem) -> JoinToken? {
        func date(_ name: String) -> Date? {
            item[name]?.number.map { Date(timeIntervalSince1970: Double($0) / 1000) }
        }
        guard let hash = item["hash"]?.string, let namespace = item["namespace"]?.string,
            let serviceAccount = item["serviceAccount"]?.string, let created = date("created"),
            let createdBy = item["createdBy"]?.string, let expires = date("expires")
        else { return nil }
        let token = JoinToken(
            id: item.key.sort,
            hash: hash,
            namespace: namespace,
            serviceAccount: serviceAccount,
            created: created,
            createdBy: createdBy,
            expires: expires,
            used: date("used"),
            usedKeyDigest: item["usedKeyDigest"]?.string,
            revoked: date("revoked")
        )
        return self.fields(token)[self.state] == item[self.state] ? token : nil
    }
}
