import MeshModel
import MeshYAML

extension LocalYAML {
    /// Reads an element of `policies`.
    static func policy(_ value: YAMLValue) throws(YAMLError) -> AuthorizationPolicy {
        var fields = try value.fields()
        let policy = AuthorizationPolicy(
            name: try self.name(try fields.require("name")),
            namespace: try self.name(try fields.require("namespace")),
            scope: try fields.require("scope")
                .word(["Global": .mesh, "Namespace": .namespace, "WorkloadSelector": .workload]),
            action: try fields.require("action").word(["Allow": .allow, "Deny": .deny]),
            rules: try self.list(try fields.require("rules"), self.rule),
            isDryRun: try fields.take("dryRun")?.flag() ?? false
        )
        try fields.finish()
        return policy
    }

    private static func rule(_ value: YAMLValue) throws(YAMLError) -> AuthorizationPolicy.Rule {
        AuthorizationPolicy.Rule(clauses: try self.list(value, self.clause))
    }

    private static func clause(_ value: YAMLValue) throws(YAMLError) -> AuthorizationPolicy.Clause {
        AuthorizationPolicy.Clause(matches: try self.list(value, self.match))
    }

    private static func match(_ value: YAMLValue) throws(YAMLError) -> PolicyMatch {
        var fields = try value.fields()
        var match = PolicyMatch()
        match.namespaces = try self.list(fields.take("namespaces"), self.textMatch)
        match.notNamespaces = try self.list(fields.take("notNamespaces"), self.textMatch)
        match.serviceAccounts = try self.list(fields.take("serviceAccounts"), self.account)
        match.notServiceAccounts = try self.list(fields.take("notServiceAccounts"), self.account)
        match.principals = try self.list(fields.take("principals"), self.textMatch)
        match.notPrincipals = try self.list(fields.take("notPrincipals"), self.textMatch)
        match.sourceIPs = try self.list(fields.take("sourceIps"), self.policyBlock)
        match.notSourceIPs = try self.list(fields.take("notSourceIps"), self.policyBlock)
        match.destinationIPs = try self.list(fields.take("destinationIps"), self.policyBlock)
        match.notDestinationIPs = try self.list(fields.take("notDestinationIps"), self.policyBlock)
        match.destinationPorts = try self.list(fields.take("destinationPorts"), self.port)
        match.notDestinationPorts = try self.list(fields.take("notDestinationPorts"), self.port)
        try fields.finish()
        return match
    }

    private static func port(_ value: YAMLValue) throws(YAMLError) -> UInt16 { try value.integer(in: 0...UInt16.max) }

    private static func policyBlock(_ value: YAMLValue) throws(YAMLError) -> PolicyMatch.Block {
        let (base, length) = try self.block(value)
        return PolicyMatch.Block(base: base, prefixLength: length)
    }

    private static func account(_ value: YAMLValue) throws(YAMLError) -> PolicyMatch.ServiceAccount {
        var fields = try value.fields()
        let account = PolicyMatch.ServiceAccount(
            namespace: try self.name(try fields.require("namespace")),
            name: try self.name(try fields.require("serviceAccount"))
        )
        try fields.finish()
        return account
    }

    /// `Exact: text` as a mapping, or `!Exact text` with a tag: upstream's readers take one or the other.
    private static func textMatch(_ value: YAMLValue) throws(YAMLError) -> StringMatch {
        let allowed = "one of Exact, Prefix, Suffix and Presence"
        if !value.node.tag.isEmpty {
            var node = value.node
            node.tag = ""
            return try self.textMatch(String(value.node.tag.drop { $0 == "!" }), YAMLValue(node, path: value.path))
        }
        let entries = try value.entries()
        guard entries.count == 1, let (key, text) = entries.first else { throw value.error(allowed: allowed) }
        return try self.textMatch(try key.text(), text)
    }

    private static func textMatch(_ kind: String, _ value: YAMLValue) throws(YAMLError) -> StringMatch {
        switch kind {
        case "Exact": return .exact(try value.text())
        case "Prefix": return .prefix(try value.text())
        case "Suffix": return .suffix(try value.text())
        case "Presence":
            guard try value.elements().isEmpty else { throw value.error(allowed: "nothing after Presence") }
            return .presence
        default: throw value.error("\(kind.prefix(64)) is unknown; allowed: Exact, Prefix, Suffix, Presence")
        }
    }
}
