import AWSClient

/// `tulle waypoint delete`: takes waypoints out, and tells who still refers to them.
struct DeleteWaypoints: Sendable {
    var namespace: String
    /// Which; ignored with `all`.
    var names: [String]
    /// Whether all of the namespace go.
    var all = false

    func run(_ admin: AdminClient, console: Console) async throws {
        let found = try await admin.resources(kind: "Gateway", namespace: self.namespace)
            .filter(WaypointGateway.isWaypoint)
        let chosen = self.all ? found : found.filter { self.names.contains($0.name) }
        let missing = self.all ? [] : Set(self.names).subtracting(found.map(\.name)).sorted()
        guard missing.isEmpty else {
            let names = missing.map { "\"\($0)\"" }.joined(separator: ", ")
            throw CommandFailure(
                "namespace \"\(self.namespace)\" has no waypoint \(names)",
                hint: "'tulle waypoint list -A' lists what there is; nothing was deleted"
            )
        }
        for waypoint in chosen {
            try await admin.delete(kind: waypoint.kind, namespace: waypoint.namespace, name: waypoint.name)
            console.done("waypoint \(waypoint.namespace)/\(waypoint.name) deleted")
        }
        guard !chosen.isEmpty else { return console.step("there are no waypoints in namespace \(self.namespace)") }
        for user in try await Self.users(of: chosen, admin) {
            console.warning("\(user) still refers to it: its connections fail until it has another waypoint or none")
        }
    }

    /// Keys of what names one of the waypoints by label.
    private static func users(of waypoints: [StoredResource], _ admin: AdminClient) async throws -> [String] {
        try await admin.resources().filter { resource in
            let labels = resource.json["metadata"]?["labels"]
            guard let name = labels?[WaypointGateway.Label.use]?.string else { return false }
            let own = resource.kind == "Namespace" ? resource.name : resource.namespace
            let namespace = labels?[WaypointGateway.Label.useNamespace]?.string ?? own
            return waypoints.contains { $0.name == name && $0.namespace == namespace }
        }
        .map(\.key)
    }
}

extension AdminClient {
    /// Deletes one resource.
    func delete(kind: String, namespace: String, name: String) async throws {
        let place = namespace.isEmpty ? "-" : Self.encoded(namespace)
        _ = try await self.call("DELETE", "/v1/resources/\(Self.encoded(kind))/\(place)/\(Self.encoded(name))")
    }
}
