package import DataPlane

extension Configuration {
    /// How this ztunnel introduces itself to the control plane.
    package var node: NodeDescription {
        var node = NodeDescription(kind: "ztunnel")
        node.namespace = self.podNamespace
        node.serviceAccount = self.serviceAccount
        node.host = self.nodeName
        // Stock istiod wants this literally; tulled goes by its own.
        node.domain = self.bootstrapToken == nil ? "cluster.local" : nil
        node.metadata = self.proxyMetadata
        node.structuredMetadata = self.structuredMetadata
        return node
    }
}
