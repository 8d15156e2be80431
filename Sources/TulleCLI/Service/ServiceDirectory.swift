import AWSClient

/// Finds services and their task definitions.
package struct ServiceDirectory: Sendable {
    private let ecs: any ECSAccess
    private let cluster: String

    /// Most pages of ListServices to read; 100 names each.
    private static let mostPages = 1000

    /// Looks in one cluster, by name or ARN.
    package init(_ ecs: any ECSAccess, cluster: String) {
        self.ecs = ecs
        self.cluster = cluster
    }

    /// One service by name or ARN.
    /// - Throws: `CommandFailure` when there is none, `AWSError`.
    package func service(_ name: String) async throws -> ECSService {
        let answer = try await self.ecs.call(
            "DescribeServices",
            ["cluster": .string(self.cluster), "services": [.string(name)], "include": ["TAGS"]]
        )
        guard let found = answer["services"]?.array?.first.flatMap(ECSService.init) else {
            let reason = answer["failures"]?[0]?["reason"]?.string ?? "MISSING"
            throw CommandFailure(
                "no service \"\(name)\" in cluster \"\(self.cluster)\" (\(reason))",
                hint:
                    "'tulle ecs list-services --cluster \(self.cluster)' shows the names; check --region and --profile"
            )
        }
        return found
    }

    /// All services of the cluster, by name.
    package func services() async throws -> [ECSService] {
        var arns: [String] = []
        var token: String?
        for _ in 0..<Self.mostPages {
            var input: JSONValue = ["cluster": .string(self.cluster), "maxResults": 100]
            if let token { input["nextToken"] = .string(token) }
            let page = try await self.ecs.call("ListServices", input)
            arns.append(contentsOf: page["serviceArns"]?.strings ?? [])
            token = page["nextToken"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            if token == nil { break }
        }
        var services: [ECSService] = []
        // DescribeServices takes ten names at a time.
        for start in stride(from: 0, to: arns.count, by: 10) {
            let batch = arns[start..<min(start + 10, arns.count)]
            let answer = try await self.ecs.call(
                "DescribeServices",
                ["cluster": .string(self.cluster), "services": .strings(batch), "include": ["TAGS"]]
            )
            services.append(contentsOf: answer["services"]?.array?.compactMap(ECSService.init) ?? [])
        }
        return services.filter { $0.status != "INACTIVE" }.sorted { $0.name < $1.name }
    }

    /// A task definition with its tags, by ARN or `family:revision`.
    package func taskDefinition(_ name: String) async throws -> TaskDefinition {
        let answer = try await self.ecs.call(
            "DescribeTaskDefinition",
            ["taskDefinition": .string(name), "include": ["TAGS"]]
        )
        return try TaskDefinition(answer)
    }
}
