package import MeshModel

// Policies in the words of Istio's ztunnel.
extension JSONWriter {
    /// A policy with its rules: any rule, all of its clauses, any match of a clause.
    package mutating func policy(_ policy: AuthorizationPolicy) {
        self.object { writer in
            writer.member("name", policy.name)
            writer.member("namespace", policy.namespace)
            switch policy.scope {
            case .mesh: writer.member("scope", "Global")
            case .namespace: writer.member("scope", "Namespace")
            case .workload: writer.member("scope", "WorkloadSelector")
            }
            writer.member("action", policy.action == .allow ? "Allow" : "Deny")
            writer.name("rules")
            writer.array { writer in
                for rule in policy.rules {
                    writer.array { writer in
                        for clause in rule.clauses {
                            writer.array { writer in for match in clause.matches { writer.match(match) } }
                        }
                    }
                }
            }
            writer.member("dryRun", policy.isDryRun)
        }
    }

    private mutating func match(_ match: PolicyMatch) {
        self.object { writer in
            writer.list("namespaces", match.namespaces) { $0.pattern($1) }
            writer.list("notNamespaces", match.notNamespaces) { $0.pattern($1) }
            writer.list("serviceAccounts", match.serviceAccounts) { $0.account($1) }
            writer.list("notServiceAccounts", match.notServiceAccounts) { $0.account($1) }
            writer.list("principals", match.principals) { $0.pattern($1) }
            writer.list("notPrincipals", match.notPrincipals) { $0.pattern($1) }
            writer.list("sourceIps", match.sourceIPs) { $0.string("\($1.base)/\($1.prefixLength)") }
            writer.list("notSourceIps", match.notSourceIPs) { $0.string("\($1.base)/\($1.prefixLength)") }
            writer.list("destinationIps", match.destinationIPs) { $0.string("\($1.base)/\($1.prefixLength)") }
            writer.list("notDestinationIps", match.notDestinationIPs) { $0.string("\($1.base)/\($1.prefixLength)") }
            writer.list("destinationPorts", match.destinationPorts) { $0.integer($1) }
            writer.list("notDestinationPorts", match.notDestinationPorts) { $0.integer($1) }
        }
    }

    private mutating func list<Value>(_ name: String, _ values: [Value], _ write: (inout JSONWriter, Value) -> Void) {
        guard !values.isEmpty else { return }
        self.name(name)
        self.array { writer in for value in values { write(&writer, value) } }
    }

    private mutating func account(_ account: PolicyMatch.ServiceAccount) {
        self.object { writer in
            writer.member("namespace", account.namespace)
            writer.member("serviceAccount", account.name)
        }
    }

    private mutating func pattern(_ pattern: StringMatch) {
        self.object { writer in
            switch pattern {
            case .exact(let text): writer.member("Exact", text)
            case .prefix(let text): writer.member("Prefix", text)
            case .suffix(let text): writer.member("Suffix", text)
            case .presence:
                writer.name("Presence")
                writer.array { _ in }
            }
        }
    }
}
