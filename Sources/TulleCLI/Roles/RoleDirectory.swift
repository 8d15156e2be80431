import AWSClient

/// The roles that a cluster's services run with.
struct RoleDirectory: Sendable {
    private let ecs: any ECSAccess
    private let cluster: String

    /// Looks in one cluster, by name or ARN.
    init(_ ecs: any ECSAccess, cluster: String) {
        self.ecs = ecs
        self.cluster = cluster
    }

    /// A role with the services that run with it.
    struct Role: Sendable {
        /// Its ARN.
        var arn: String
        /// The services.
        var services: [ECSService]

        /// Whether one of them is in the mesh.
        var isEnrolled: Bool { self.services.contains { $0.tag(ECSService.Tag.namespace) != nil } }

        /// The accounts that the services are tagged with, as `namespace/account`.
        var taggedAccounts: Set<String> {
            Set(
                self.services.compactMap { service in
                    service.tag(ECSService.Tag.namespace).map { namespace in
                        "\(namespace)/\(service.tag(ECSService.Tag.serviceAccount) ?? "default")"
                    }
                }
            )
        }

        /// `service web of cluster shop`.
        func users(of cluster: String) -> String {
            "service \(self.services.map(\.name).joined(separator: ", ")) of cluster \(cluster)"
        }
    }

    /// All roles, by ARN. Services whose definition names none are left out.
    func roles() async throws -> [Role] {
        let directory = ServiceDirectory(self.ecs, cluster: self.cluster)
        var found: [String: [ECSService]] = [:]
        var known: [String: String] = [:]
        for service in try await directory.services() {
            if known[service.taskDefinition] == nil {
                let answer = try await self.ecs.call(
                    "DescribeTaskDefinition",
                    ["taskDefinition": .string(service.taskDefinition)]
                )
                known[service.taskDefinition] = answer["taskDefinition"]?["taskRoleArn"]?.string ?? ""
            }
            guard let role = known[service.taskDefinition], !role.isEmpty else { continue }
            found[role, default: []].append(service)
        }
        return found.map { Role(arn: $0.key, services: $0.value) }.sorted { $0.arn < $1.arn }
    }
}
