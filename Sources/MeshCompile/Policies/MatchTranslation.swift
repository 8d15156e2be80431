import MeshConfig
import MeshModel
import MeshProtos

/// One source, operation or condition as a match of the wire, and what of it a ztunnel can't know.
struct MatchTranslation {
    /// What can be known at L4; without any field it never matches.
    private(set) var match = IstioSecurity.Match()
    /// Paths of fields that had to be left out, so that the match says more than was meant.
    private(set) var unsupported: Set<String> = []
    /// Paths of fields with values that nothing can match, left out beside others that can be.
    private(set) var ignored: Set<String> = []

    /// Whether nothing is left of it.
    var isEmpty: Bool { self.match == IstioSecurity.Match() }

    /// Translates a source.
    ///
    /// - Parameters:
    ///   - namespace: the policy's, where bare service accounts live.
    ///   - expressesTrustDomains: whether trust domains become beginnings of principals.
    init(
        _ source: Declared.AuthorizationPolicy.Source,
        namespace: String,
        expressesTrustDomains: Bool
    ) {
        let path = "from.source"
        self.match.principals = source.principals.map(Self.principal)
        self.match.notPrincipals = source.notPrincipals.map(Self.principal)
        self.match.namespaces = source.namespaces.map(Self.text)
        self.match.notNamespaces = source.notNamespaces.map(Self.text)
        self.match.serviceAccounts = source.serviceAccounts.map { Self.account($0, in: namespace) }
        self.match.notServiceAccounts = source.notServiceAccounts.map { Self.account($0, in: namespace) }
        self.match.sourceIPs = self.blocks(source.ipBlocks, "\(path).ipBlocks")
        self.match.notSourceIPs = self.blocks(source.notIpBlocks, not: "\(path).notIpBlocks")
        self.addTrustDomains(of: source, path, isExpressed: expressesTrustDomains)
        self.leaveOut([
            ("\(path).remoteIpBlocks", source.remoteIpBlocks),
            ("\(path).notRemoteIpBlocks", source.notRemoteIpBlocks),
            ("\(path).requestPrincipals", source.requestPrincipals),
            ("\(path).notRequestPrincipals", source.notRequestPrincipals),
        ])
    }

    /// Translates an operation.
    init(_ operation: Declared.AuthorizationPolicy.Operation) {
        let path = "to.operation"
        self.match.destinationPorts = self.ports(operation.ports, "\(path).ports")
        self.match.notDestinationPorts = self.ports(operation.notPorts, not: "\(path).notPorts")
        self.leaveOut([
            ("\(path).hosts", operation.hosts), ("\(path).notHosts", operation.notHosts),
            ("\(path).methods", operation.methods), ("\(path).notMethods", operation.notMethods),
            ("\(path).paths", operation.paths), ("\(path).notPaths", operation.notPaths),
        ])
    }

    /// Translates a condition of `when`.
    init(_ condition: Declared.AuthorizationPolicy.Condition) {
        let path = "when[\(condition.key.prefix(64))]"
        let (values, notValues) = (condition.values, condition.notValues)
        switch condition.key {
        case "source.ip":
            self.match.sourceIPs = self.blocks(values, "\(path).values")
            self.match.notSourceIPs = self.blocks(notValues, not: "\(path).notValues")
        case "destination.ip":
            self.match.destinationIPs = self.blocks(values, "\(path).values")
            self.match.notDestinationIPs = self.blocks(notValues, not: "\(path).notValues")
        case "destination.port":
            self.match.destinationPorts = self.ports(values, "\(path).values")
            self.match.notDestinationPorts = self.ports(notValues, not: "\(path).notValues")
        case "source.namespace":
            self.match.namespaces = values.map(Self.text)
            self.match.notNamespaces = notValues.map(Self.text)
        case "source.principal":
            self.match.principals = values.map(Self.principal)
            self.match.notPrincipals = notValues.map(Self.principal)
        default:
            self.unsupported.insert(path)
        }
    }

    // MARK: Trust domains

    /// A trust domain is all of a principal before its first `/`, so most tests of one are tests of the other's start.
    private mutating func addTrustDomains(
        of source: Declared.AuthorizationPolicy.Source,
        _ path: String,
        isExpressed: Bool
    ) {
        if !source.trustDomains.isEmpty {
            let starts = source.trustDomains.map(Self.trustDomain)
            // Principals of the same source would have to hold as well, which one list can't say.
            if isExpressed, self.match.principals.isEmpty, !starts.contains(nil) {
                self.match.principals = starts.compactMap(\.self)
            } else {
                self.unsupported.insert("\(path).trustDomains")
            }
        }
        if !source.notTrustDomains.isEmpty {
            let starts = source.notTrustDomains.map(Self.trustDomain)
            if isExpressed, !starts.contains(nil) {
                self.match.notPrincipals += starts.compactMap(\.self)
            } else {
                self.unsupported.insert("\(path).notTrustDomains")
            }
        }
    }

    /// The test of a principal that holds just when its trust domain fits; nil where there is none.
    private static func trustDomain(_ text: String) -> IstioSecurity.StringMatch? {
        if text == "*" { return self.match(.presence) }
        if text.isEmpty || text.hasPrefix("*") || text.contains("/") { return nil }
        return self.match(text.hasSuffix("*") ? .prefix(String(text.dropLast())) : .prefix("\(text)/"))
    }

    // MARK: Values

    private mutating func leaveOut(_ fields: [(path: String, values: [String])]) {
        for field in fields where !field.values.isEmpty { self.unsupported.insert(field.path) }
    }

    /// Values of a field of which one must fit. One that can't be read fits nothing; without any other the field would
    /// be gone and everything would fit.
    private mutating func readable<T>(_ values: [String], _ path: String, _ read: (String) -> T?) -> [T] {
        let readable = values.compactMap(read)
        if readable.count < values.count {
            if readable.isEmpty { self.unsupported.insert(path) } else { self.ignored.insert(path) }
        }
        return readable
    }

    /// Values of a field of which none may fit: without one that can't be read, more fits.
    private mutating func readable<T>(_ values: [String], not path: String, _ read: (String) -> T?) -> [T] {
        let readable = values.compactMap(read)
        if readable.count < values.count { self.unsupported.insert(path) }
        return readable
    }

    private mutating func blocks(_ values: [String], _ path: String) -> [IstioSecurity.Address] {
        self.readable(values, path, Self.block)
    }

    private mutating func blocks(_ values: [String], not path: String) -> [IstioSecurity.Address] {
        self.readable(values, not: path, Self.block)
    }

    private mutating func ports(_ values: [String], _ path: String) -> [UInt32] {
        self.readable(values, path) { DecimalText.port($0) }
    }

    private mutating func ports(_ values: [String], not path: String) -> [UInt32] {
        self.readable(values, not: path) { DecimalText.port($0) }
    }

    private static func block(_ text: String) -> IstioSecurity.Address? {
        AddressBlock(parsing: text).map { block in
            IstioSecurity.Address.with {
                $0.address = block.base.bytes
                $0.length = UInt32(clamping: block.length)
            }
        }
    }

    /// Istio's forms: `*` for any, `x*` and `*x` for an end that is open, else the text itself.
    private static func text(_ text: String) -> IstioSecurity.StringMatch {
        if text == "*" { return self.match(.presence) }
        if text.hasPrefix("*") { return self.match(.suffix(String(text.dropFirst()))) }
        if text.hasSuffix("*") { return self.match(.prefix(String(text.dropLast()))) }
        return self.match(.exact(text))
    }

    /// A principal, which the wire has without its scheme. One with it would never match: an exception that is none.
    private static func principal(_ text: String) -> IstioSecurity.StringMatch {
        let scheme = "spiffe://"
        return self.text(text.hasPrefix(scheme) ? String(text.dropFirst(scheme.count)) : text)
    }

    /// `namespace/account`, or an account of the policy's own namespace.
    private static func account(_ text: String, in namespace: String) -> IstioSecurity.ServiceAccountMatch {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return IstioSecurity.ServiceAccountMatch.with {
            $0.namespace = parts.count == 2 ? parts.first.map(String.init) ?? "" : namespace
            $0.serviceAccount = parts.last.map(String.init) ?? ""
        }
    }

    private static func match(_ kind: IstioSecurity.StringMatch.Kind) -> IstioSecurity.StringMatch {
        IstioSecurity.StringMatch.with { $0.kind = kind }
    }
}
