import MeshConfig

/// `tulle delete`: takes resources out of the mesh.
struct DeleteResources: Sendable {
    /// Which.
    var keys: [ResourceKey]
    /// Whether what is not there counts as deleted.
    var ignoresMissing = false

    /// Deletes one after the other; the first that cannot be deleted ends it.
    func run(_ admin: AdminClient, console: Console) async throws {
        for key in self.keys {
            let name = key.namespace.isEmpty ? key.name : "\(key.namespace)/\(key.name)"
            do {
                try await admin.delete(kind: key.kind.rawValue, namespace: key.namespace, name: key.name)
            } catch let failure as CommandFailure where failure.code == "not_found" && self.ignoresMissing {
                continue
            }
            console.result("\(key.kind.rawValue.lowercased())/\(name) deleted")
        }
    }
}
