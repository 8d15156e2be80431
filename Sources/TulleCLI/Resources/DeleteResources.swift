import MeshConfig

/// `tulle delete`: takes resources out of the mesh.
struct DeleteResources: Sendable {
    /// Which.
    var keys: [ResourceKey]
    /// Whether what is not there counts as deleted.
    var ignoresMissing = false

    /// Deletes all that can be deleted.
    /// - Throws: `CommandFailure` after all of them, when something was not there or stands in a file that people wrote.
    func run(_ admin: AdminClient, console: Console) async throws {
        var kept = 0
        for key in self.keys {
            let name = key.namespace.isEmpty ? key.name : "\(key.namespace)/\(key.name)"
            do {
                try await admin.delete(kind: key.kind.rawValue, namespace: key.namespace, name: key.name)
            } catch let failure as CommandFailure where failure.code == "not_found" {
                if self.ignoresMissing { continue }
                kept += 1
                console.warning("there is no \(key.kind.rawValue.lowercased())/\(name)")
                continue
            } catch let failure as CommandFailure where failure.code == "conflict" {
                kept += 1
                console.warning(failure.message)
                continue
            }
            console.result("\(key.kind.rawValue.lowercased())/\(name) deleted")
        }
        guard kept == 0 else {
            throw CommandFailure(
                "\(kept) of \(self.keys.count) resources were not deleted",
                hint: "'tulle get <kind> -A' lists what there is and where it stands; "
                    + "--ignore-not-found passes over what is gone"
            )
        }
    }
}
