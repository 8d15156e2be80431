import AWSClient

/// `tulle ecs list-services`: what a cluster runs, and what of it is in the mesh.
package struct ListServices: Sendable {
    /// The cluster's name or ARN.
    package var cluster: String

    /// Holds the cluster.
    package init(cluster: String) {
        self.cluster = cluster
    }

    /// How the list is written.
    package enum Output: String, Sendable, Hashable, CaseIterable {
        /// Aligned columns.
        case table
        /// An array of objects.
        case json
    }

    /// The list as text.
    package func run(_ ecs: any ECSAccess, output: Output) async throws -> String {
        let services = try await ServiceDirectory(ecs, cluster: self.cluster).services()
        switch output {
        case .table: return Self.table(services)
        case .json: return JSONValue.array(services.map(Self.json)).text(.indented(2))
        }
    }

    private static func table(_ services: [ECSService]) -> String {
        var table = Table(["SERVICE", "NAMESPACE", "ACCOUNT", "MODE", "TASK DEFINITION", "RUNNING"])
        for service in services {
            table.add([
                service.name,
                service.tag(ECSService.Tag.namespace) ?? "-",
                service.tag(ECSService.Tag.serviceAccount) ?? "-",
                service.tag(ECSService.Tag.mode) ?? "-",
                service.revision,
                "\(service.runningCount)/\(service.desiredCount)",
            ])
        }
        return table.text
    }

    private static func json(_ service: ECSService) -> JSONValue {
        func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        return [
            "service": .string(service.name),
            "arn": .string(service.arn),
            "namespace": text(service.tag(ECSService.Tag.namespace)),
            "serviceAccount": text(service.tag(ECSService.Tag.serviceAccount)),
            "mode": text(service.tag(ECSService.Tag.mode)),
            "taskDefinition": .string(service.revision),
            "running": .int(service.runningCount),
            "desired": .int(service.desiredCount),
        ]
    }
}
