extension AWSClient {
    /// Elastic Container Service in a region; `nil` for the client's region.
    package func ecs(region: String? = nil) -> ECSClient {
        ECSClient(client: self, region: region)
    }
}

/// The calls of ECS that a mesh needs. All throw `AWSError`.
package struct ECSClient: Sendable {
    private let client: AWSClient
    private let region: String?

    /// ECS's own limits on one Describe call.
    private static let clusterBatch = 100
    private static let serviceBatch = 10
    private static let taskBatch = 100

    init(client: AWSClient, region: String?) {
        self.client = client
        self.region = region
    }

    /// Any action, raw.
    package func call(_ action: String, _ body: JSONValue) async throws -> JSONValue {
        try await self.client.call(.ecs, action: action, body: body, region: self.region)
    }

    /// Any list, raw and page by page.
    package func pages(_ action: String, _ body: JSONValue) -> AWSPages {
        self.client.pages(.ecs, action: action, body: body, region: self.region)
    }

    /// The ARNs of all clusters, deleted ones possibly among them.
    package func listClusters() async throws -> [String] {
        try await self.pages("ListClusters", ["maxResults": 100]).strings("clusterArns")
    }

    /// The ARNs of all services of a cluster.
    package func listServices(cluster: String) async throws -> [String] {
        try await self.pages("ListServices", ["cluster": .string(cluster), "maxResults": 100]).strings("serviceArns")
    }

    /// The ARNs of tasks of a cluster, those of one service when it is given.
    package func listTasks(
        cluster: String,
        service: String? = nil,
        desiredStatus: String = "RUNNING"
    ) async throws -> [String] {
        var body: JSONValue = [
            "cluster": .string(cluster), "desiredStatus": .string(desiredStatus), "maxResults": 100,
        ]
        if let service { body["serviceName"] = .string(service) }
        return try await self.pages("ListTasks", body).strings("taskArns")
    }

    /// Clusters with their tags, in batches of 100.
    package func describeClusters(_ clusters: [String]) async throws -> ECSDescribed<ECSCluster> {
        try await self.describe("DescribeClusters", clusters, batch: Self.clusterBatch, under: "clusters", [:]) {
            ECSCluster($0)
        }
    }

    /// Services with their tags, in batches of 10.
    package func describeServices(_ services: [String], cluster: String) async throws -> ECSDescribed<ECSService> {
        try await self.describe(
            "DescribeServices",
            services,
            batch: Self.serviceBatch,
            under: "services",
            ["cluster": .string(cluster)]
        ) { ECSService($0) }
    }

    /// Tasks with their tags, in batches of 100.
    package func describeTasks(_ tasks: [String], cluster: String) async throws -> ECSDescribed<ECSTask> {
        try await self.describe(
            "DescribeTasks",
            tasks,
            batch: Self.taskBatch,
            under: "tasks",
            ["cluster": .string(cluster)]
        ) { ECSTask($0) }
    }

    /// A task definition by ARN, `family:revision` or `family`, with its tags, which are not part of it.
    package func describeTaskDefinition(
        _ name: String
    ) async throws -> (definition: ECSTaskDefinition, tags: [String: String]) {
        let answer = try await self.call(
            "DescribeTaskDefinition",
            ["taskDefinition": .string(name), "include": ["TAGS"]]
        )
        let definition = try self.require(
            answer["taskDefinition"].flatMap(ECSTaskDefinition.init),
            "DescribeTaskDefinition"
        )
        return (definition, ECSTag.dictionary(answer["tags"]))
    }

    /// Registers a new revision; `input` is the whole input of the action.
    package func registerTaskDefinition(_ input: JSONValue) async throws -> ECSTaskDefinition {
        let answer = try await self.call("RegisterTaskDefinition", input)
        return try self.require(answer["taskDefinition"].flatMap(ECSTaskDefinition.init), "RegisterTaskDefinition")
    }

    /// Changes a service; `input` is the whole input of the action.
    package func updateService(_ input: JSONValue) async throws -> ECSService {
        let answer = try await self.call("UpdateService", input)
        return try self.require(answer["service"].flatMap(ECSService.init), "UpdateService")
    }

    /// Sets tags on a cluster, service, task or task definition.
    package func tagResource(_ arn: String, tags: [ECSTag]) async throws {
        _ = try await self.call("TagResource", ["resourceArn": .string(arn), "tags": .array(tags.map(\.json))])
    }

    /// Removes tags by key.
    package func untagResource(_ arn: String, keys: [String]) async throws {
        _ = try await self.call("UntagResource", ["resourceArn": .string(arn), "tagKeys": .strings(keys)])
    }

    /// The tags of a resource.
    package func listTagsForResource(_ arn: String) async throws -> [String: String] {
        ECSTag.dictionary(try await self.call("ListTagsForResource", ["resourceArn": .string(arn)])["tags"])
    }

    private func describe<Item: Sendable>(
        _ action: String,
        _ names: [String],
        batch: Int,
        under member: String,
        _ common: JSONValue,
        read: (JSONValue) -> Item?
    ) async throws -> ECSDescribed<Item> {
        var described = ECSDescribed<Item>()
        var rest = names[...]
        while !rest.isEmpty {
            var body = common
            body[member] = .strings(rest.prefix(batch))
            body["include"] = ["TAGS"]
            rest = rest.dropFirst(batch)
            let answer = try await self.call(action, body)
            // An answer without the list is not an empty list: nothing may vanish because of it.
            let items = try self.require(answer[member]?.array, action)
            described.items.append(contentsOf: items.compactMap(read))
            described.failures.append(contentsOf: (answer["failures"]?.array ?? []).map(ECSFailure.init))
        }
        return described
    }

    private func require<Value>(_ value: Value?, _ action: String) throws -> Value {
        guard let value else {
            throw AWSError(
                service: "ecs",
                action: action,
                code: AWSError.Code.incompleteResponse,
                message: "the answer lacks what it is about",
                status: 200,
                kind: .server
            )
        }
        return value
    }
}
