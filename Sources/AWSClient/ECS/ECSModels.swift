/// A tag's key and value; on the wire both are lower-case members.
package struct ECSTag: Sendable, Hashable {
    /// At most 128 characters.
    package var key: String
    /// At most 256 characters.
    package var value: String

    /// Holds both as they are.
    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }

    /// Tags of an API answer by key; what lacks a key is left out.
    package static func dictionary(_ value: JSONValue?) -> [String: String] {
        var tags: [String: String] = [:]
        for tag in value?.array ?? [] {
            if let key = tag["key"]?.string { tags[key] = tag["value"]?.string ?? "" }
        }
        return tags
    }

    /// As the API takes it.
    package var json: JSONValue { ["key": .string(self.key), "value": .string(self.value)] }
}

/// Something that a Describe call was asked for and did not give.
package struct ECSFailure: Sendable, Hashable {
    /// What was asked for; empty when ECS does not say.
    package var arn: String
    /// Such as `MISSING`.
    package var reason: String
    /// More words; `nil` for none.
    package var detail: String?

    init(_ value: JSONValue) {
        self.arn = value["arn"]?.string ?? ""
        self.reason = value["reason"]?.string ?? ""
        self.detail = value["detail"]?.string
    }
}

/// What Describe calls give: some of what was asked for, and what is missing.
package struct ECSDescribed<Item: Sendable>: Sendable {
    /// What was found.
    package var items: [Item] = []
    /// What was not; ECS does not name everything that is missing.
    package var failures: [ECSFailure] = []
}

/// A cluster.
package struct ECSCluster: Sendable, Hashable {
    /// Its ARN: the key.
    package var arn: String
    /// Its name, without the path of the ARN.
    package var name: String
    /// `ACTIVE`, `INACTIVE`, `PROVISIONING`, …
    package var status: String
    /// Its tags by key.
    package var tags: [String: String]

    /// Reads the API's form; `nil` when the ARN is missing.
    package init?(_ value: JSONValue) {
        guard let arn = value["clusterArn"]?.string else { return nil }
        self.arn = arn
        self.name = value["clusterName"]?.string ?? ARN.lastPart(arn)
        self.status = value["status"]?.string ?? ""
        self.tags = ECSTag.dictionary(value["tags"])
    }
}

/// A service.
package struct ECSService: Sendable, Hashable {
    /// Its ARN: the key.
    package var arn: String
    /// Its name, without the path of the ARN.
    package var name: String
    /// The ARN of its cluster.
    package var clusterARN: String
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    package var status: String
    /// How many tasks should run.
    package var desiredCount: Int
    /// How many tasks run.
    package var runningCount: Int
    /// How many tasks are on their way.
    package var pendingCount: Int
    /// The ARN of the primary deployment's task definition.
    package var taskDefinition: String
    /// The ids of all deployments; tasks carry theirs as `startedBy`.
    package var deploymentIDs: [String]
    /// Its tags by key.
    package var tags: [String: String]
    /// The whole answer, for what is not a field here.
    package var raw: JSONValue

    /// Reads the API's form; `nil` when the ARN is missing.
    package init?(_ value: JSONValue) {
        guard let arn = value["serviceArn"]?.string else { return nil }
        self.arn = arn
        self.name = value["serviceName"]?.string ?? ARN.lastPart(arn)
        self.clusterARN = value["clusterArn"]?.string ?? ""
        self.status = value["status"]?.string ?? ""
        self.desiredCount = value["desiredCount"]?.int ?? 0
        self.runningCount = value["runningCount"]?.int ?? 0
        self.pendingCount = value["pendingCount"]?.int ?? 0
        self.taskDefinition = value["taskDefinition"]?.string ?? ""
        self.deploymentIDs = value["deployments"]?.array?.compactMap { $0["id"]?.string } ?? []
        self.tags = ECSTag.dictionary(value["tags"])
        self.raw = value
    }
}

/// A task.
package struct ECSTask: Sendable, Hashable {
    /// Its ARN: the key.
    package var arn: String
    /// The ARN of its cluster.
    package var clusterARN: String
    /// The ARN of its task definition.
    package var taskDefinitionARN: String
    /// `service:<name>`, `family:<name>` or what the caller chose.
    package var group: String?
    /// A deployment's id for tasks of a service.
    package var startedBy: String?
    /// Such as `RUNNING`.
    package var lastStatus: String
    /// `RUNNING` or `STOPPED`.
    package var desiredStatus: String
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`; `nil` when ECS does not say.
    package var healthStatus: String?
    /// Such as `us-east-1a`.
    package var availabilityZone: String?
    /// Such as `FARGATE`.
    package var launchType: String?
    /// Counts changes; `nil` when ECS does not say.
    package var version: Int?
    /// Seconds since the epoch.
    package var startedAt: Double?
    /// Set when whoever ran the task gave it another role than its definition.
    package var overriddenTaskRoleARN: String?
    /// Texts of the addresses of its network interfaces, IPv4 first, each once.
    package var addresses: [String]
    /// Its tags by key.
    package var tags: [String: String]
    /// The whole answer, for what is not a field here.
    package var raw: JSONValue

    /// Reads a task of `DescribeTasks` or of a state change event, which write some things differently.
    package init?(_ value: JSONValue) {
        guard let arn = value["taskArn"]?.string else { return nil }
        self.arn = arn
        self.clusterARN = value["clusterArn"]?.string ?? ""
        self.taskDefinitionARN = value["taskDefinitionArn"]?.string ?? ""
        self.group = value["group"]?.string
        self.startedBy = value["startedBy"]?.string
        self.lastStatus = value["lastStatus"]?.string ?? ""
        self.desiredStatus = value["desiredStatus"]?.string ?? ""
        self.healthStatus = value["healthStatus"]?.string
        self.availabilityZone = value["availabilityZone"]?.string
        self.launchType = value["launchType"]?.string
        self.version = value["version"]?.int
        self.startedAt = Timestamp.epochSeconds(value["startedAt"])
        self.overriddenTaskRoleARN = value["overrides"]?["taskRoleArn"]?.string
        self.addresses = Self.addresses(value)
        self.tags = ECSTag.dictionary(value["tags"])
        self.raw = value
    }

    /// The last part of the ARN.
    package var id: String { ARN.lastPart(self.arn) }

    private static func addresses(_ value: JSONValue) -> [String] {
        var v4: [String] = []
        var v6: [String] = []
        for attachment in value["attachments"]?.array ?? [] {
            // DescribeTasks and events spell the type differently.
            guard ["ElasticNetworkInterface", "eni"].contains(attachment["type"]?.string ?? "") else { continue }
            guard !["DETACHED", "DELETED", "FAILED"].contains(attachment["status"]?.string ?? "") else { continue }
            for detail in attachment["details"]?.array ?? [] {
                guard let address = detail["value"]?.string else { continue }
                switch detail["name"]?.string {
                case "privateIPv4Address": v4.append(address)
                case "ipv6Address": v6.append(address)
                default: break
                }
            }
        }
        for interface in (value["containers"]?.array ?? []).flatMap({ $0["networkInterfaces"]?.array ?? [] }) {
            if let address = interface["privateIpv4Address"]?.string { v4.append(address) }
            if let address = interface["ipv6Address"]?.string { v6.append(address) }
        }
        var seen: Set<String> = []
        return (v4 + v6).filter { seen.insert($0).inserted }
    }
}

/// A revision of a task definition; it never changes.
package struct ECSTaskDefinition: Sendable, Hashable {
    /// Its ARN: the key.
    package var arn: String
    /// The name that its revisions share.
    package var family: String
    /// Counts from 1 in each family.
    package var revision: Int
    /// The role of the containers; `nil` for none.
    package var taskRoleARN: String?
    /// Such as `awsvpc`.
    package var networkMode: String?
    /// The containers as they are.
    package var containers: [JSONValue]
    /// The whole definition, for what is not a field here.
    package var raw: JSONValue

    /// Reads the API's form; `nil` when the ARN is missing.
    package init?(_ value: JSONValue) {
        guard let arn = value["taskDefinitionArn"]?.string else { return nil }
        self.arn = arn
        self.family = value["family"]?.string ?? ""
        self.revision = value["revision"]?.int ?? 0
        self.taskRoleARN = value["taskRoleArn"]?.string
        self.networkMode = value["networkMode"]?.string
        self.containers = value["containerDefinitions"]?.array ?? []
        self.raw = value
    }
}
