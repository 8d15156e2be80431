import AWSClient

/// Fetches what the checks need. Only the service and its definition must be there; what else cannot be had is noted
/// with the reason, and its checks say so.
struct DoctorCollector: Sendable {
    var cluster: String
    var access: DoctorAccess
    /// The control plane; nil when it is not to be asked.
    var admin: AdminClient?

    /// Most tasks that are looked at.
    static let mostTasks = 100

    /// Fetches all.
    /// - Throws: `CommandFailure` and `AWSError` for the service and its definition.
    func facts(of name: String) async throws -> DoctorFacts {
        let directory = ServiceDirectory(LiveECS(client: self.access.client), cluster: self.cluster)
        let found = try await directory.service(name)
        let described = try await self.access.ecs(
            "DescribeServices",
            ["cluster": .string(self.cluster), "services": [.string(found.arn)], "include": ["TAGS"]]
        )
        let service = described["services"]?[0] ?? [:]
        let definition = try await directory.taskDefinition(found.taskDefinition)
        let tasks = await self.fact { try await self.tasks(of: found.name) }
        let network = service["networkConfiguration"]?["awsvpcConfiguration"]
        let subnets = await self.list(network?["subnets"]?.strings ?? [], "subnets", self.access.subnets)
        let vpcID = subnets.value?.first?.vpc
        return DoctorFacts(
            service: service,
            definition: definition,
            tasks: tasks,
            instances: await self.fact { try await self.instances(of: tasks.value ?? []) },
            clusterSize: await self.fact { try await self.clusterSize() },
            trustPolicy: await self.fact {
                try await self.access.trustPolicy(ofRole: definition.text("taskRoleArn") ?? "")
            },
            securityGroups: await self.list(
                network?["securityGroups"]?.strings ?? [],
                "security groups",
                self.access.securityGroups
            ),
            subnets: subnets,
            vpc: await self.ofVPC(vpcID, self.access.vpc),
            zones: await self.ofVPC(vpcID, self.access.zones),
            controlPlane: await self.ofControlPlane { admin in
                try ControlPlaneFacts(try await admin.call("GET", "/bootstrap"))
            },
            bindings: await self.ofControlPlane { admin in
                try await admin.resources(kind: "ServiceAccountBinding").compactMap { $0.json["spec"] }
            },
            proxies: await self.ofControlPlane { admin in
                try await admin.call("GET", "/v1/proxies")["proxies"]?.array ?? []
            },
            issuances: await self.ofControlPlane { admin in
                try await admin.call("GET", "/v1/certificates", query: [("limit", "1000")])["journal"]?.array ?? []
            }
        )
    }

    private func tasks(of service: String) async throws -> [JSONValue] {
        let listed = try await self.access.ecs(
            "ListTasks",
            [
                "cluster": .string(self.cluster), "serviceName": .string(service), "desiredStatus": "RUNNING",
                "maxResults": .int(Self.mostTasks),
            ]
        )
        let arns = listed["taskArns"]?.strings ?? []
        guard !arns.isEmpty else { return [] }
        let answer = try await self.access.ecs(
            "DescribeTasks",
            ["cluster": .string(self.cluster), "tasks": .strings(arns.prefix(Self.mostTasks)), "include": ["TAGS"]]
        )
        return answer["tasks"]?.array ?? []
    }

    private func instances(of tasks: [JSONValue]) async throws -> [JSONValue] {
        let arns = Set(tasks.compactMap { $0["containerInstanceArn"]?.string }).sorted()
        guard !arns.isEmpty else { return [] }
        let answer = try await self.access.ecs(
            "DescribeContainerInstances",
            ["cluster": .string(self.cluster), "containerInstances": .strings(arns)]
        )
        return answer["containerInstances"]?.array ?? []
    }

    private func clusterSize() async throws -> (services: Int, tasks: Int) {
        let answer = try await self.access.ecs("DescribeClusters", ["clusters": [.string(self.cluster)]])
        guard let cluster = answer["clusters"]?[0] else {
            throw CommandFailure("ecs DescribeClusters: there is no cluster \"\(self.cluster)\"")
        }
        return (cluster["activeServicesCount"]?.int ?? 0, cluster["runningTasksCount"]?.int ?? 0)
    }

    private func fact<Value: Sendable>(_ fetch: () async throws -> Value) async -> Fact<Value> {
        do {
            return .known(try await fetch())
        } catch {
            return .unknown(CommandFailure(error).message)
        }
    }

    private func list<Value: Sendable>(
        _ ids: [String],
        _ what: String,
        _ fetch: ([String]) async throws -> [Value]
    ) async -> Fact<[Value]> {
        guard !ids.isEmpty else { return .unknown("the service names no \(what)") }
        return await self.fact { try await fetch(ids) }
    }

    private func ofVPC<Value: Sendable>(_ id: String?, _ fetch: (String) async throws -> Value) async -> Fact<Value> {
        guard let id, !id.isEmpty else { return .unknown("the VPC is not known, as the subnets are not") }
        return await self.fact { try await fetch(id) }
    }

    private func ofControlPlane<Value: Sendable>(
        _ fetch: (AdminClient) async throws -> Value
    ) async -> Fact<Value> {
        guard let admin else { return .unknown("the control plane was not asked (--offline)") }
        return await self.fact { try await fetch(admin) }
    }
}
