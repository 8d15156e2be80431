import MeshConfig
import MeshProtos

/// Policies as data planes get them, in the words that Istio's tools read.
enum PolicyPages {
    static func policy(_ policy: IstioSecurity.Authorization) -> ConfigValue {
        PageBuilder.object { page in
            page.text("name", policy.name)
            page.set("namespace", .string(policy.namespace))
            switch policy.scope {
            case .namespace: page.text("scope", "Namespace")
            case .workloadSelector: page.text("scope", "WorkloadSelector")
            default: page.text("scope", "Global")
            }
            page.text("action", policy.action == .deny ? "Deny" : "Allow")
            page.set(
                "rules",
                .list(policy.rules.map { .list($0.clauses.map { .list($0.matches.map(Self.match)) }) })
            )
            page.set("dryRun", .bool(policy.isDryRun))
        }
    }

    private static func match(_ match: IstioSecurity.Match) -> ConfigValue {
        PageBuilder.object { page in
            page.list("namespaces", match.namespaces, Self.pattern)
            page.list("notNamespaces", match.notNamespaces, Self.pattern)
            page.list("serviceAccounts", match.serviceAccounts, Self.account)
            page.list("notServiceAccounts", match.notServiceAccounts, Self.account)
            page.list("principals", match.principals, Self.pattern)
            page.list("notPrincipals", match.notPrincipals, Self.pattern)
            page.list("sourceIps", match.sourceIPs, Self.block)
            page.list("notSourceIps", match.notSourceIPs, Self.block)
            page.list("destinationIps", match.destinationIPs, Self.block)
            page.list("notDestinationIps", match.notDestinationIPs, Self.block)
            page.list("destinationPorts", match.destinationPorts) { .integer(Int64($0)) }
            page.list("notDestinationPorts", match.notDestinationPorts) { .integer(Int64($0)) }
        }
    }

    private static func pattern(_ match: IstioSecurity.StringMatch) -> ConfigValue {
        switch match.kind {
        case .exact(let text): .map(["Exact": .string(text)])
        case .prefix(let text): .map(["Prefix": .string(text)])
        case .suffix(let text): .map(["Suffix": .string(text)])
        case .presence: .map(["Presence": .list([])])
        case nil: .map([:])
        }
    }

    private static func account(_ account: IstioSecurity.ServiceAccountMatch) -> ConfigValue {
        .map(["namespace": .string(account.namespace), "serviceAccount": .string(account.serviceAccount)])
    }

    private static func block(_ block: IstioSecurity.Address) -> ConfigValue {
        .string("\(PageBuilder.address(block.address))/\(block.length)")
    }
}
