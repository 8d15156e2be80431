import MeshModel

/// An attribute of a request with the values that a rule asks for. An empty list fits nothing.
enum AccessAttribute: Sendable {
    case principals([StringMatch])
    case namespaces([StringMatch])
    case serviceAccounts([(namespace: String, name: String)])
    case trustDomains([TrustDomainPattern])
    case sourceAddresses([AddressBlock])
    case destinationAddresses([AddressBlock])
    case destinationPorts([UInt16])
    case serverName([StringMatch])
    case clientAddresses([AddressBlock])
    case requestPrincipals([StringMatch])
    case audiences([StringMatch])
    case claim([String], [StringMatch])
    case header(HeaderAttribute, [StringMatch])
    case hosts([StringMatch])
    case methods([StringMatch])
    case paths([PathPattern])

    /// Whether every request of a connection has the same.
    var isOfConnection: Bool {
        switch self {
        case .principals, .namespaces, .serviceAccounts, .trustDomains, .sourceAddresses, .destinationAddresses,
            .destinationPorts, .serverName:
            true
        default: false
        }
    }

    /// Whether a connection whose bytes nobody reads shows it.
    var isOfStream: Bool {
        if case .clientAddresses = self { true } else { self.isOfConnection }
    }

    /// Whether one of the values fits.
    ///
    /// - Parameter isWide: where a request is written in a way that receivers read differently, whether one reading that
    ///   fits is enough. Rules that close are wide, rules that open are not, and `not…` turns it around.
    func holds(_ subject: inout AccessSubject, isWide: Bool) -> Bool {
        switch self {
        case .principals(let patterns):
            for name in subject.principals where patterns.fits(name) { return true }
            return false
        case .namespaces(let patterns):
            return subject.connection.peer.map { patterns.fits($0.namespace) } ?? false
        case .serviceAccounts(let accounts):
            guard let peer = subject.connection.peer else { return false }
            return accounts.contains { $0.name == peer.serviceAccount && $0.namespace == peer.namespace }
        case .trustDomains(let patterns):
            guard let peer = subject.connection.peer else { return false }
            return patterns.contains { $0.matches(peer.trustDomain) }
        case .sourceAddresses(let blocks):
            return blocks.contain(subject.connection.source.ip.canonical)
        case .destinationAddresses(let blocks):
            return blocks.contain(subject.connection.destination.ip.canonical)
        case .destinationPorts(let ports):
            return ports.contains(subject.connection.destination.port)
        case .serverName(let patterns):
            return subject.connection.serverName.map { patterns.fits($0.foldedASCII) } ?? false
        case .clientAddresses(let blocks):
            guard case .known(let ip) = subject.client else { return isWide }
            return blocks.contain(ip)
        case .hosts(let patterns):
            guard isWide else { return patterns.fits(subject.view.authority.foldedASCII) }
            for name in subject.hosts where patterns.fits(name) { return true }
            return false
        case .methods(let patterns):
            return isWide ? Self.fitsFolded(patterns, subject.view.method) : patterns.fits(subject.view.method)
        case .paths(let patterns):
            for pattern in patterns where pattern.matches(subject.view.path) { return true }
            return false
        case .header(let header, let patterns):
            return header.holds(patterns, subject.view, isWide: isWide)
        case .requestPrincipals(let patterns):
            return Self.holds(patterns, subject.requestPrincipal, isWide: isWide)
        case .audiences(let patterns):
            return Self.holds(patterns, subject.view.tokens.first?[["aud"]], isWide: isWide)
        case .claim(let path, let patterns):
            return Self.holds(patterns, subject.view.tokens.first?[path], isWide: isWide)
        }
    }

    private static func fitsFolded(_ patterns: [StringMatch], _ text: String) -> Bool {
        let folded = text.foldedASCII
        for pattern in patterns where pattern.foldedASCII.matches(folded) { return true }
        return false
    }

    /// Issuer and subject may both hold slashes: an exact value means the issuer up to the last one.
    private static func holds(
        _ patterns: [StringMatch],
        _ principal: (issuer: String, subject: String)?,
        isWide: Bool
    ) -> Bool {
        guard let (issuer, subject) = principal, !issuer.isEmpty, !subject.isEmpty else { return false }
        let joined = issuer + "/" + subject
        for pattern in patterns where pattern.matches(joined) {
            if case .exact = pattern, !isWide, subject.utf8.contains(UInt8(ascii: "/")) { continue }
            return true
        }
        return false
    }

    /// A text, or one of a list of texts. What is neither fits as it is written where the rule closes.
    private static func holds(_ patterns: [StringMatch], _ claim: ClaimValue?, isWide: Bool) -> Bool {
        switch claim {
        case .string(let text): return patterns.fits(text)
        case .list(let values):
            for value in values {
                if case .list = value { continue }
                if Self.holds(patterns, value, isWide: isWide) { return true }
            }
            return false
        case .number(let text): return isWide && patterns.fits(text)
        case .bool(let flag): return isWide && patterns.fits(flag ? "true" : "false")
        case .null, .object, nil: return false
        }
    }
}
