import MeshConfig
import MeshModel

/// What declared policies mean for a connection, straight from the words of Istio's API and without the compiler.
///
/// What a ztunnel can't know is taken for false in an ALLOW rule, which then never holds, and for true in a DENY rule.
struct PolicyOracle {
    var resources: [DeclaredResource]
    var namespace: String
    var labels: [String: String]

    func allows(_ connection: ConnectionFacts) -> Bool {
        if connection.peer == nil, self.mode(port: connection.destination.port) == .strict { return false }
        var mustMatch = false
        var allowed = false
        for resource in self.resources {
            guard case .authorizationPolicy(let policy) = resource.spec, policy.targetRefs.isEmpty,
                resource.metadata.annotations["istio.io/dry-run"] != "true",
                resource.metadata.namespace == self.namespace || resource.metadata.namespace == Declare.root,
                policy.selector?.selects(self.labels) ?? true
            else { continue }
            let holds = policy.rules.contains { rule in
                self.holds(rule, policy.action, home: resource.metadata.namespace, connection)
            }
            switch policy.action {
            case .deny: if holds { return false }
            case .allow:
                mustMatch = true
                if holds { allowed = true }
            case .audit, .custom: break
            }
        }
        return allowed || !mustMatch
    }

    // MARK: PeerAuthentication

    private func mode(port: UInt16) -> Declared.PeerAuthentication.Mode {
        typealias Entry = (created: Int64, name: String, spec: Declared.PeerAuthentication)
        func oldest(in namespace: String, selecting: Bool) -> Declared.PeerAuthentication? {
            let entries = self.resources.compactMap { resource -> Entry? in
                guard case .peerAuthentication(let spec) = resource.spec,
                    resource.metadata.namespace == namespace, (spec.selector != nil) == selecting,
                    spec.selector?.selects(self.labels) ?? true
                else { return nil }
                return (resource.metadata.created, resource.metadata.name, spec)
            }
            return entries.min { ($0.created, $0.name) < ($1.created, $1.name) }?.spec
        }
        let own = self.namespace == Declare.root ? nil : oldest(in: self.namespace, selecting: true)
        let modes = [
            own?.portLevelModes[port], own?.mode, oldest(in: self.namespace, selecting: false)?.mode,
            oldest(in: Declare.root, selecting: false)?.mode,
        ]
        return modes.lazy.compactMap(\.self).first { $0 != .unset } ?? .permissive
    }

    // MARK: AuthorizationPolicy

    private func holds(
        _ rule: Declare.Policy.Rule,
        _ action: Declare.Policy.Action,
        home: String,
        _ connection: ConnectionFacts
    ) -> Bool {
        var unknown = false
        /// One alternative: what is known of it, all of which must hold, and whether something is not.
        func any(_ alternatives: [[Bool?]]) -> Bool {
            alternatives.isEmpty
                || alternatives.map { tests -> Bool in
                    if tests.contains(nil) { unknown = true }
                    // Said nothing at all: an ALLOW takes no chances, a DENY neither.
                    if tests.isEmpty { return action == .deny }
                    return tests.allSatisfy { $0 ?? (action == .deny) }
                }.contains(true)
        }
        var holds = any(rule.from.map { self.tests($0, home: home, action, connection) })
        holds = any(rule.to.map { self.tests($0, connection) }) && holds
        for condition in rule.when { holds = any([self.tests(condition, connection)]) && holds }
        return holds && (action == .deny || !unknown)
    }

    private func tests(
        _ source: Declare.Policy.Source,
        home: String,
        _ action: Declare.Policy.Action,
        _ connection: ConnectionFacts
    ) -> [Bool?] {
        let peer = connection.peer
        func principal(_ pattern: String) -> Bool {
            peer.map { Self.fits(pattern.replacingPrefix("spiffe://"), $0.principal) } ?? false
        }
        func account(_ text: String) -> Bool {
            let parts = text.split(separator: "/").map(String.init)
            return peer?.serviceAccount == parts.last && peer?.namespace == (parts.count == 2 ? parts[0] : home)
        }
        var tests: [Bool?] = []
        tests += Self.test(source.principals, source.notPrincipals) { principal($0) }
        tests += Self.test(source.namespaces, source.notNamespaces) { Self.fits($0, peer?.namespace ?? "") }
        tests += Self.test(source.serviceAccounts, source.notServiceAccounts) { account($0) }
        tests += Self.test(source.ipBlocks, source.notIpBlocks) { Self.contains($0, connection.sourceIP) }
        // The compiler tells trust domains only in DENY, and only what is the start of a principal.
        func domain(_ pattern: String, isTold: Bool) -> Bool? {
            guard action == .deny, isTold else { return nil }
            return peer.map { Self.fits(pattern, $0.trustDomain) } ?? false
        }
        func isStart(_ pattern: String) -> Bool { pattern == "*" || !pattern.hasPrefix("*") }
        let isTold = source.principals.isEmpty && source.trustDomains.allSatisfy(isStart)
        tests += Self.test(source.trustDomains, []) { domain($0, isTold: isTold) }
        let isNotTold = source.notTrustDomains.allSatisfy(isStart)
        tests += Self.test([], source.notTrustDomains) { domain($0, isTold: isNotTold) }
        let others = [
            source.remoteIpBlocks, source.notRemoteIpBlocks, source.requestPrincipals, source.notRequestPrincipals,
        ]
        return tests + others.filter { !$0.isEmpty }.map { _ in nil }
    }

    private func tests(_ operation: Declare.Policy.Operation, _ connection: ConnectionFacts) -> [Bool?] {
        let others = [
            operation.hosts, operation.notHosts, operation.methods, operation.notMethods, operation.paths,
            operation.notPaths,
        ]
        return Self.test(operation.ports, operation.notPorts) { Self.isPort($0, connection.destination.port) }
            + others.filter { !$0.isEmpty }.map { _ in nil }
    }

    private func tests(_ condition: Declare.Policy.Condition, _ connection: ConnectionFacts) -> [Bool?] {
        Self.test(condition.values, condition.notValues) { value in
            switch condition.key {
            case "source.ip": Self.contains(value, connection.sourceIP)
            case "destination.ip": Self.contains(value, connection.destination.ip)
            case "destination.port": Self.isPort(value, connection.destination.port)
            case "source.namespace": Self.fits(value, connection.peer?.namespace ?? "")
            case "source.principal": connection.peer.map { Self.fits(value, $0.principal) } ?? false
            default: nil
            }
        }
    }

    // MARK: Values

    /// The two tests of a field and its negative: nil where it can't be known, none where nothing was written.
    ///
    /// A value without meaning is unknown, but beside others that have one it fits nothing.
    private static func test(_ values: [String], _ notValues: [String], _ fits: (String) -> Bool?) -> [Bool?] {
        var tests: [Bool?] = []
        if !values.isEmpty {
            let known = values.compactMap(fits)
            tests.append(known.isEmpty ? nil : known.contains(true))
        }
        if !notValues.isEmpty {
            let known = notValues.compactMap(fits)
            tests.append(!known.contains(true))
            if known.count < notValues.count { tests.append(nil) }
        }
        return tests
    }

    private static func fits(_ pattern: String, _ text: String) -> Bool {
        if pattern == "*" { return !text.isEmpty }
        if pattern.first == "*" { return text.hasSuffix(pattern.dropFirst()) }
        if pattern.last == "*" { return text.hasPrefix(pattern.dropLast()) }
        return pattern == text
    }

    private static func isPort(_ text: String, _ port: UInt16) -> Bool? {
        UInt16(text).flatMap { $0 == 0 ? nil : $0 == port }
    }

    private static func contains(_ text: String, _ ip: IPAddress) -> Bool? {
        let parts = text.split(separator: "/")
        guard let base = parts.first.flatMap({ IPAddress(parsing: $0) }) else { return nil }
        let bits = base.isV4 ? 32 : 128
        guard let length = parts.count == 2 ? Int(parts[1]) : bits, (0...bits).contains(length) else { return nil }
        return ip.isContained(in: base, prefixLength: length)
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String) -> String {
        self.hasPrefix(prefix) ? String(self.dropFirst(prefix.count)) : self
    }
}
