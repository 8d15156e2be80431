import AWSClient

/// `tulle waypoint apply`: declares a waypoint, and binds a namespace to it.
struct ApplyWaypoint: Sendable {
    var gateway: WaypointGateway
    /// Whether the namespace's services are to go through it.
    var enrolsNamespace = false
    /// Whether a namespace that is bound to another waypoint is bound to this one instead.
    var overwrites = false

    func run(_ admin: AdminClient, console: Console) async throws {
        let namespaces = try await admin.resources(kind: "Namespace", name: self.gateway.namespace)
        var enrolled: JSONValue?
        if self.enrolsNamespace { enrolled = try self.enrolled(namespaces.first?.declaration) }
        try await self.apply(self.gateway.json, admin)
        console.done("waypoint \(self.gateway.namespace)/\(self.gateway.name) applied")
        guard let enrolled else { return }
        try await self.apply(enrolled, admin)
        console.done(
            "namespace \(self.gateway.namespace) labelled with \"\(WaypointGateway.Label.use): \(self.gateway.name)\""
        )
    }

    /// The namespace's document with the label.
    /// - Throws: `CommandFailure` when another waypoint is named there.
    func enrolled(_ namespace: JSONValue?) throws(CommandFailure) -> JSONValue {
        var document: JSONValue =
            namespace ?? [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(self.gateway.namespace)],
            ]
        var metadata = document["metadata"] ?? [:]
        var labels = metadata["labels"] ?? [:]
        let current = labels[WaypointGateway.Label.use]?.string
        if let current, current != self.gateway.name, !self.overwrites {
            throw CommandFailure(
                "namespace \"\(self.gateway.namespace)\" uses the waypoint \"\(current)\" already",
                hint: "pass --overwrite to bind it to \"\(self.gateway.name)\" instead"
            )
        }
        labels[WaypointGateway.Label.use] = .string(self.gateway.name)
        labels[WaypointGateway.Label.useNamespace] = nil
        metadata["labels"] = labels
        document["metadata"] = metadata
        return document
    }

    private func apply(_ document: JSONValue, _ admin: AdminClient) async throws {
        let input = ConfigurationInput(name: "-", text: YAMLText.document(document))
        for outcome in try await ApplyResources().outcomes(of: input, admin) where outcome.action == "refused" {
            let reasons = outcome.diagnostics.map(\.description).joined(separator: "; ")
            throw CommandFailure("\(outcome.line): \(reasons)", hint: "what was in force before stays so")
        }
    }
}

/// Waiting until waypoints are programmed.
struct WaypointWait: Sendable {
    var namespace: String?
    var names: [String]
    /// How long to wait in all.
    var timeout: Duration
    /// How long between two looks.
    var interval: Duration = .seconds(1)

    /// Looks again and again until all are programmed.
    /// - Parameter sleep: waits; a test's own.
    /// - Throws: `CommandFailure` when the time is over, naming those that are not.
    func run(
        _ admin: AdminClient,
        sleep: (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) async throws -> [StoredResource] {
        var waited: Duration = .zero
        while true {
            let found = try await admin.resources(kind: "Gateway", namespace: self.namespace)
                .filter(WaypointGateway.isWaypoint)
                .filter { self.names.isEmpty || self.names.contains($0.name) }
            let missing = Set(self.names).subtracting(found.map(\.name)).sorted()
            let pending = missing + found.filter { !Self.isProgrammed($0) }.map { "\($0.namespace)/\($0.name)" }
            if pending.isEmpty { return found }
            guard waited < self.timeout else {
                throw CommandFailure(
                    "not programmed after \(self.timeout.components.seconds) s: \(pending.joined(separator: ", "))",
                    hint: "'tulle waypoint status -A --no-wait' shows why; a waypoint needs a task that runs it"
                )
            }
            try await sleep(self.interval)
            waited += self.interval
        }
    }

    private static func isProgrammed(_ waypoint: StoredResource) -> Bool {
        waypoint.conditions.contains { $0.type == "Programmed" && $0.status == "True" }
    }
}
