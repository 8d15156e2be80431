import MeshProtos
import MeshXDS

/// What brings an address along for data planes that follow only what they ask for: a workload comes with each of its
/// services, and with the node that it runs on.
enum AddressParents {
    /// The parent that stands for a node. No service has such a name: theirs begin with a namespace and a slash.
    static func node(_ name: String) -> String { "node:\(name)" }

    /// The parent of the node that asks; nil when it doesn't say where it runs.
    static func parent(of node: EnvoyDiscovery.Node) -> String? {
        guard let name = node.metadata?.string("NODE_NAME"), !name.isEmpty else { return nil }
        return self.node(name)
    }

    /// The resource with its parents; as it is when it has some, or is no workload.
    static func fill(_ resource: ResourceCatalog.Resource) -> ResourceCatalog.Resource {
        guard resource.parents.isEmpty, let address = try? IstioWorkload.Address(decoding: resource.bytes),
            case .workload(let workload) = address.kind
        else { return resource }
        let node = workload.node.isEmpty ? [] : [self.node(workload.node)]
        let parents = workload.services.keys.sorted() + node
        return parents.isEmpty ? resource : resource.with(parents: parents)
    }
}
