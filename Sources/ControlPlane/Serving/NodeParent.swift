import MeshCompile
import MeshProtos

extension AddressParents {
    /// The parent of the node that asks; nil when it doesn't say where it runs.
    static func parent(of node: EnvoyDiscovery.Node) -> String? {
        guard let name = node.metadata?.string("NODE_NAME"), !name.isEmpty else { return nil }
        return self.node(name)
    }
}
