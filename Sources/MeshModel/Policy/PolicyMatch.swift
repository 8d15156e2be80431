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
    package var principals: [StringMatch] = []
    /// Identities the peer must not have.
    package var notPrincipals: [StringMatch] = []
    /// Service accounts of the peer; a peer without identity matches none.
    package var serviceAccounts: [ServiceAccount] = []
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
            && Self.holds(self.principals, self.notPrincipals) { pattern in
                principal.map { pattern.matches($0) } ?? false
            }
            && Self.holds(self.serviceAccounts, self.notServiceAccounts) { account in
                peer?.namespace == account.namespace && peer?.serviceAccount == account.name
            }
            && Self.holds(self.sourceIPs, self.notSourceIPs) { $0.contains(connection.sourceIP) }
            && Self.holds(self.destinationIPs, self.notDestinationIPs) { $0.contains(connection.destination.ip) }
            && Self.holds(self.destinationPorts, self.notDestinationPorts) { $0 == connection.destination.port }
    }

    private static func holds<T>(_ positive: [T], _ negative: [T], _ test: (T) -> Bool) -> Bool {
        (positive.isEmpty || positive.contains(where: test)) && !negative.contains(where: test)
    }
}
