/// The principals of a match that names many, to be found by a look-up: a rule for a thousand callers costs each of them the
/// same as a rule for one.
struct PrincipalIndex: Hashable, Sendable {
    private let names: Set<String>

    /// Below this many names looking at all of them is as fast.
    static let minimum = 16

    /// Nil where there are few, or a pattern among them that is no whole name. A name beyond ASCII could hide another one
    /// that is the same text in other bytes, and bytes are what counts.
    init?(_ patterns: [StringMatch]) {
        guard patterns.count >= Self.minimum else { return nil }
        var names: Set<String> = []
        names.reserveCapacity(patterns.count)
        for pattern in patterns {
            guard case .exact(let name) = pattern, name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
            names.insert(name)
        }
        self.names = names
    }

    /// Whether it is one of the names, byte by byte.
    func contains(_ principal: String) -> Bool {
        guard let place = self.names.firstIndex(of: principal) else { return false }
        return StringMatch.areEqual(self.names[place], principal)
    }

    /// What an index says follows from the list, so it tells no two matches apart.
    static func == (_: Self, _: Self) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}

/// The same for service accounts.
struct ServiceAccountIndex: Hashable, Sendable {
    private let accounts: Set<PolicyMatch.ServiceAccount>

    /// Nil where there are few.
    init?(_ accounts: [PolicyMatch.ServiceAccount]) {
        guard accounts.count >= PrincipalIndex.minimum else { return nil }
        self.accounts = Set(accounts)
    }

    /// Whether it is one of them.
    func contains(_ account: PolicyMatch.ServiceAccount) -> Bool { self.accounts.contains(account) }

    /// What an index says follows from the list, so it tells no two matches apart.
    static func == (_: Self, _: Self) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}
