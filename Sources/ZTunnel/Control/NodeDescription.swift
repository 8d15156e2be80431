import MeshModel
import MeshProtos

/// How this ztunnel introduces itself to the control plane: the node that Istio's ztunnel sends.
enum NodeDescription {
    /// Makes the node from what is known of the workload.
    static func make(_ local: LocalWorkload) -> EnvoyDiscovery.Node {
        let namespace = local.identity.namespace
        let name = local.name.isEmpty ? local.identity.serviceAccount : local.name
        let addresses = local.addresses.map { "\($0)" }
        let facts = [
            "NAME": name, "NAMESPACE": namespace, "INSTANCE_IPS": addresses.joined(separator: ","),
            "SERVICE_ACCOUNT": local.identity.serviceAccount, "CLUSTER_ID": local.cluster, "NETWORK": local.network,
            "TULLE_VERSION": "\(Version.text)",
        ]
        return .with { node in
            node.id = "ztunnel~\(addresses.first ?? "")~\(name).\(namespace)~\(namespace).svc.\(local.meshDomain)"
            node.cluster = local.cluster
            node.userAgentName = "tulle-ztunnel"
            node.metadata = .with { metadata in
                for (key, value) in facts where !value.isEmpty { metadata.fields[key] = .init(.string(value)) }
            }
        }
    }
}
