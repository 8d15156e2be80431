import MeshModel
import MeshProtos

/// How a data plane introduces itself to the control plane: the node that Istio's proxies send.
package struct NodeDescription: Sendable {
    /// What the node is: `ztunnel` or `waypoint`. It begins the node's id.
    package var kind: String
    /// The namespace to name in place of the identity's.
    package var namespace: String?
    /// The service account to name in place of the identity's.
    package var serviceAccount: String?
    /// The domain to name in place of the workload's own: stock istiod wants `cluster.local` whatever the domain is.
    package var domain: String?
    /// The host that the node is on.
    package var host: String?
    /// Metadata that win over our own facts.
    package var metadata: [String: String] = [:]
    /// Metadata that are no texts; they win over texts, as upstream.
    package var structuredMetadata: [String: JSONValue] = [:]

    /// A node without anything that the workload itself doesn't tell.
    package init(kind: String) { self.kind = kind }

    /// Makes the node from this and what is known of the workload.
    func node(_ local: LocalWorkload, program: String) -> EnvoyDiscovery.Node {
        let namespace = self.namespace ?? local.identity.namespace
        let account = self.serviceAccount ?? local.identity.serviceAccount
        let name = local.name.isEmpty ? account : local.name
        let addresses = local.addresses.map { "\($0)" }
        // istiod refuses a node without an address; upstream says the same where it knows none.
        let address = addresses.first ?? "1.1.1.1"
        var facts = [
            "NAME": name, "NAMESPACE": namespace,
            "INSTANCE_IPS": addresses.isEmpty ? address : addresses.joined(separator: ","),
            "SERVICE_ACCOUNT": account, "CLUSTER_ID": local.cluster, "NETWORK": local.network,
            "NODE_NAME": self.host ?? "", "TULLE_VERSION": "\(Version.text)",
        ]
        facts.merge(self.metadata) { _, new in new }
        return .with { node in
            let domain = self.domain ?? local.meshDomain
            node.id = "\(self.kind)~\(address)~\(name).\(namespace)~\(namespace).svc.\(domain)"
            node.cluster = local.cluster
            node.userAgentName = "tulle-\(program)"
            node.metadata = .with { metadata in
                for (key, value) in facts where !value.isEmpty { metadata.fields[key] = .init(.string(value)) }
                for (key, value) in self.structuredMetadata { metadata.fields[key] = Self.value(value) }
            }
        }
    }

    private static func value(_ json: JSONValue) -> GoogleProtobuf.Value {
        switch json {
        case .null: .init(.null)
        case .bool(let flag): .init(.bool(flag))
        case .number(let text): .init(.number(Double(text) ?? 0))
        case .string(let text): .init(.string(text))
        case .array(let elements): .init(.list(elements.map { self.value($0) }))
        case .object(let object):
            .init(
                .object(
                    .with { fields in
                        for member in object.members { fields.fields[member.name] = self.value(member.value) }
                    }
                )
            )
        }
    }
}
