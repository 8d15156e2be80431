extension KindRules {
    /// Attributes that a ztunnel knows.
    private static let connectionKeys: Set<String> = [
        "source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port",
    ]
    /// Further attributes, of which only a waypoint knows.
    private static let requestKeys: Set<String> = [
        "remote.ip", "source.serviceAccount", "source.trustDomain", "request.auth.principal", "request.auth.audiences",
        "request.auth.presenter", "connection.sni",
    ]
    private static let requestKeyPrefixes = ["request.headers[", "request.auth.claims["]

    private static let requestSourceFields = [
        "requestPrincipals", "notRequestPrincipals", "remoteIpBlocks", "notRemoteIpBlocks",
    ]
    private static let requestOperationFields = ["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"]

    mutating func authorizationPolicy(_ spec: SpecCursor) {
        self.selector(spec)
        self.targetReferences(spec)
        let action = spec.text("action") ?? "ALLOW"
        let rules = spec.list("rules")
        self.action(action, rules: rules, spec)
        for rule in rules {
            for from in rule.list("from") { if let source = from["source"] { self.source(source, action: action) } }
            for to in rule.list("to") { if let operation = to["operation"] { self.operation(operation) } }
            for condition in rule.list("when") { self.condition(condition, action: action) }
            if !self.hasTargets(spec) { self.connectionRule(rule, action: action) }
        }
    }

    private mutating func action(_ action: String, rules: [SpecCursor], _ spec: SpecCursor) {
        if action == "DENY", rules.isEmpty {
            self.report.error(.contradiction, spec, "action DENY needs rules: without any it denies nothing")
        }
        guard action == "CUSTOM" else {
            if let provider = spec["provider"] {
                self.report.error(.contradiction, provider, "is for action CUSTOM only, the action is \(action)")
            }
            if action == "AUDIT", !self.hasTargets(spec) {
                self.report.warning(.noEffect, spec, "action AUDIT has no effect without targetRefs")
            }
            return
        }
        if rules.isEmpty { self.report.error(.contradiction, spec, "action CUSTOM needs rules") }
        if spec["provider"] == nil { self.report.error(.contradiction, spec, "action CUSTOM needs provider.name") }
        if !self.hasTargets(spec) {
            self.report.error(
                .widens,
                spec,
                "action CUSTOM needs targetRefs: without a waypoint nobody would ask the provider, and all is allowed"
            )
        }
    }

    private mutating func source(_ source: SpecCursor, action: String) {
        if source.value.entries.isEmpty {
            self.report.error(.contradiction, source, "is empty; leave `from` out to match every source")
        }
        for field in ["serviceAccounts", "notServiceAccounts"] where source[field] != nil {
            for other in ["principals", "notPrincipals", "namespaces", "notNamespaces"] where source[other] != nil {
                self.report.error(.contradiction, source, "\(field) can't stand beside \(other)")
            }
            for account in source.list(field) where !StringFormat.namespacedName.isMet(by: account.text) {
                self.report.error(
                    .badValue,
                    account,
                    "\(Quoted(account.text)) must be <account> or <namespace>/<account>"
                )
            }
        }
        for field in ["principals", "notPrincipals", "namespaces", "notNamespaces", "requestPrincipals"] {
            for value in source.list(field) { self.match(value) }
        }
        for field in ["principals", "notPrincipals"] {
            for value in source.list(field) where value.text.hasPrefix("spiffe://") {
                self.report.error(.badValue, value, "\(Quoted(value.text)) must stand without spiffe://")
            }
        }
        guard action == "CUSTOM" else { return }
        for field in [
            "principals", "notPrincipals", "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts",
            "trustDomains", "notTrustDomains", "requestPrincipals", "notRequestPrincipals",
        ] {
            if let cursor = source[field] {
                self.report.error(.contradiction, cursor, "can't be used with action CUSTOM")
            }
        }
    }

    /// Exact, prefix (`x*`), suffix (`*x`) or presence (`*`).
    private mutating func match(_ value: SpecCursor) {
        guard value.text.utf8.count > 1, value.text.dropFirst().dropLast().contains("*") || value.text == "**" else {
            return
        }
        self.report.error(
            .badValue,
            value,
            "\(Quoted(value.text)) has '*' in the middle; it can stand at the beginning or the end only"
        )
    }

    private mutating func operation(_ operation: SpecCursor) {
        if operation.value.entries.isEmpty {
            self.report.error(.contradiction, operation, "is empty; leave `to` out to match every operation")
        }
        for field in ["hosts", "notHosts", "methods", "notMethods"] {
            for value in operation.list(field) { self.match(value) }
        }
        for field in ["paths", "notPaths"] {
            for value in operation.list(field) {
                if let fault = PathTemplate.fault(in: value.text) { self.report.error(.badValue, value, fault) }
            }
        }
    }

    private mutating func condition(_ condition: SpecCursor, action: String) {
        let key = condition.text("key") ?? ""
        let isRequestKey =
            Self.requestKeys.contains(key)
            || Self.requestKeyPrefixes.contains {
                key.hasPrefix($0) && key.hasSuffix("]") && key.count > $0.count + 1
            }
        if !Self.connectionKeys.contains(key), !isRequestKey {
            let known = Self.connectionKeys.union(Self.requestKeys).sorted() + Self.requestKeyPrefixes.map { "\($0)…]" }
            self.report.error(
                key.hasPrefix("experimental.") ? .unsupportedValue : .badValue,
                condition,
                "key \(Quoted(key)) is none that is known (known are \(known.joined(separator: ", ")))"
            )
        }
        let values = condition.list("values") + condition.list("notValues")
        if values.isEmpty { self.report.error(.contradiction, condition, "needs values or notValues") }
        for value in values {
            switch key {
            case "source.ip", "destination.ip", "remote.ip":
                if let fault = StringFormat.ipOrCIDR.fault(in: value.text) {
                    self.report.error(.badValue, value, fault)
                }
            case "destination.port":
                if let fault = StringFormat.portText.fault(in: value.text) {
                    self.report.error(.badValue, value, fault)
                }
            case "source.namespace", "source.principal": self.match(value)
            default: break
            }
        }
        let identities = [
            "source.namespace", "source.principal", "source.serviceAccount", "source.trustDomain",
        ]
        if action == "CUSTOM", identities.contains(key) || key.hasPrefix("request.auth.") {
            self.report.error(.contradiction, condition, "key \(key) can't be used with action CUSTOM")
        }
    }

    /// What a rule of a policy without targets asks for that a connection does not show.
    ///
    /// Istio's ztunnel drops such parts in silence, and so denies more, or nothing at all, than was written.
    private mutating func connectionRule(_ rule: SpecCursor, action: String) {
        for source in rule.list("from").compactMap({ $0["source"] }) {
            for field in ["trustDomains", "notTrustDomains"] {
                guard let cursor = source[field] else { continue }
                self.report.error(
                    .widens,
                    cursor,
                    "can't be enforced without a waypoint and would be left out: use principals such as "
                        + "<trust domain>/*, or targetRefs"
                )
            }
        }
        for condition in rule.list("when") where condition.text("key") == "source.trustDomain" {
            self.report.error(
                .widens,
                condition,
                "source.trustDomain can't be enforced without a waypoint: use principals, or targetRefs"
            )
        }
        let parts = self.requestParts(of: rule)
        guard let first = parts.first else { return }
        let names = Set(parts.map(\.name)).sorted().joined(separator: ", ")
        switch action {
        case "DENY":
            self.report.error(
                .widens,
                first.cursor,
                "a DENY rule with \(names) can't be enforced without a waypoint: leaving that out would deny other "
                    + "connections than those that are meant, or none; use targetRefs, or remove it"
            )
        case "ALLOW":
            self.report.warning(
                .notAtL4,
                rule,
                "\(names) can't be enforced without a waypoint: the whole rule is left out, so less is allowed"
            )
        default: break
        }
    }

    private func requestParts(of rule: SpecCursor) -> [(name: String, cursor: SpecCursor)] {
        let sources = rule.list("from").compactMap { $0["source"] }
        let operations = rule.list("to").compactMap { $0["operation"] }
        let ofSources = sources.flatMap { source in
            Self.requestSourceFields.compactMap { field in source[field].map { (field, $0) } }
        }
        let ofOperations = operations.flatMap { operation in
            Self.requestOperationFields.compactMap { field in operation[field].map { (field, $0) } }
        }
        let ofConditions: [(String, SpecCursor)] = rule.list("when").compactMap { condition in
            let key = condition.text("key") ?? ""
            guard !Self.connectionKeys.contains(key), key != "source.trustDomain" else { return nil }
            return ("\(Quoted(key))", condition)
        }
        return ofSources + ofOperations + ofConditions
    }
}
