import MeshModel
import MeshProtos

/// How this ztunnel introduces itself to the control plane: the node that Istio's ztunnel sends.
enum NodeDescription {
    /// Makes the node from what is known of the workload, and the metadata that the settings add.
    ///
    /// - Parameter configuration: its metadata win over our own facts, and structured ones over texts, as upstream.
    static func make(_ local: LocalWorkload, _ configuration: Configuration) -> EnvoyDiscovery.Node {
        let namespace = configuration.podNamespace ?? local.identity.namespace
        let account = configuration.serviceAccount ?? local.identity.serviceAccount
        let name = local.name.isEmpty ? account : local.name
        let addresses = local.addresses.map { "\($0)" }
        // istiod refuses a node without an address; upstream says the same where it knows none.
        let address = addresses.first ?? "1.1.1.1"
        // Stock istiod wants this literally, whatever the domain is; tulled goes by its own.
        let domain = configuration.bootstrapToken == nil ? "cluster.local" : local.meshDomain
        var facts = [
            "NAME": name, "NAMESPACE": namespace,
            "INSTANCE_IPS": addresses.isEmpty ? address : addresses.joined(separator: ","),
            "SERVICE_ACCOUNT": account, "CLUSTER_ID": local.cluster, "NETWORK": local.network,
            "NODE_NAME": configuration.nodeName ?? "", "TULLE_VERSION": "\(Version.text)",
        ]
        facts.merge(configuration.proxyMetadata) { _, new in new }
        return .with { node in
            node.id = "ztunnel~\(address)~\(name).\(namespace)~\(namespace).svc.\(domain)"
            node.cluster = local.cluster
            node.userAgentName = "tulle-ztunnel"
            node.metadata = .with { metadata in
                for (key, value) in facts where !value.isEmpty { metadata.fields[key] = .init(.string(value)) }
                for (key, value) in configuration.structuredMetadata { metadata.fields[key] = self.value(value) }
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
