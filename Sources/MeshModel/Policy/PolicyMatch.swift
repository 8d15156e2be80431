/// One combination of attributes; each list that is not empty must hold.
package struct PolicyMatch: Hashable, Sendable {
    /// A block of addresses.
    package struct Block: Hashable, Sendable {
        /// Any address of the block.
        package var base: IPAddress
        /// How many leading bits the addresses share.
        package var prefixLength: Int

        /// Joins the two.
        package init(base: IPAddress, prefixLength: Int) {
            self.base = base
            self.prefixLength = prefixLength
        }

        func contains(_ ip: IPAddress) -> Bool { ip.isContained(in: self.base, prefixLength: self.prefixLength) }
    }

    /// A service account of a namespace, in any trust domain.
    package struct ServiceAccount: Hashable, Sendable {
        /// The namespace.
        package var namespace: String
        /// The service account.
        package var name: String

        /// Joins the two.
        package init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }
    }

    /// Namespaces of the peer; a peer without identity has the namespace "".
    package var namespaces: [StringMatch] = []
    /// Namespaces the peer must not have.
    package var notNamespaces: [StringMatch] = []
    /// Identities of the peer, without `spiffe://`; a peer without identity matches none.
    package var principals: [StringMatch] = [] { didSet { self.principalIndex = PrincipalIndex(self.principals) } }
    /// Identities the peer must not have.
    package var notPrincipals: [StringMatch] = []
    /// Service accounts of the peer; a peer without identity matches none.
    package var serviceAccounts: [ServiceAccount] = [] {
        didSet { self.accountIndex = ServiceAccountIndex(self.serviceAccounts) }
    }
    /// Service accounts the peer must not have.
    package var notServiceAccounts: [ServiceAccount] = []
    /// Addresses of the peer.
    package var sourceIPs: [Block] = []
    /// Addresses the peer must not have.
    package var notSourceIPs: [Block] = []
    /// Addresses of the destination.
    package var destinationIPs: [Block] = []
    /// Addresses the destination must not have.
    package var notDestinationIPs: [Block] = []
    /// Ports of the destination workload.
    package var destinationPorts: [UInt16] = []
    /// Ports of the destination workload that must not be asked for.
    package var notDestinationPorts: [UInt16] = []
    private var principalIndex: PrincipalIndex?
    private var accountIndex: ServiceAccountIndex?

    /// A match without attributes, which never matches.
    package init() {}

    /// Whether there is no attribute at all.
    package var isEmpty: Bool { self == PolicyMatch() }

    /// Whether every attribute holds for `connection`.
    package func matches(_ connection: ConnectionFacts) -> Bool {
        self.matches(connection, principal: connection.peer?.principal)
    }

    /// - Parameter principal: the peer's, made once for all matches.
    func matches(_ connection: ConnectionFacts, principal: String?) -> Bool {
        guard !self.isEmpty else { return false }
        let peer = connection.peer
        let namespace = peer?.namespace ?? ""
        return Self.holds(self.namespaces, self.notNamespaces) { $0.matches(namespace) }
            && self.holds(principal: principal)
            && self.holds(accountOf: peer)
            && Self.holds(self.sourceIPs, self.notSourceIPs) { $0.contains(connection.sourceIP) }
            && Self.holds(self.destinationIPs, self.notDestinationIPs) { $0.contains(connection.destination.ip) }
            && Self.holds(self.destinationPorts, self.notDestinationPorts) { $0 == connection.destination.port }
    }

    private func holds(principal: String?) -> Bool {
        guard let principal else { return self.principals.isEmpty }
        if let index = self.principalIndex {
            return index.contains(principal) && !self.notPrincipals.contains { $0.matches(principal) }
        }
        return Self.holds(self.principals, self.notPrincipals) { $0.matches(principal) }
    }

    private func holds(accountOf peer: SPIFFEID?) -> Bool {
        if self.serviceAccounts.isEmpty, self.notServiceAccounts.isEmpty { return true }
        guard let peer else { return self.serviceAccounts.isEmpty }
        let account = ServiceAccount(namespace: peer.namespace, name: peer.serviceAccount)
        if let index = self.accountIndex {
            return index.contains(account) && !self.notServiceAccounts.contains(account)
        }
        return Self.holds(self.serviceAccounts, self.notServiceAccounts) { $0 == account }
    }

    private static func holds<T>(_ positive: [T], _ negative: [T], _ test: (T) -> Bool) -> Bool {
        (positive.isEmpty || positive.contains(where: test)) && !negative.contains(where: test)
    }
}
