package import MeshModel

/// An ECS task as the last good poll saw it.
package struct ObservedTask: Codable, Sendable, Hashable {
    /// What ECS's health checks of the essential containers say.
    package enum Health: String, Codable, Sendable, Hashable {
        /// All pass.
        case healthy = "HEALTHY"
        /// One fails.
        case unhealthy = "UNHEALTHY"
        /// There are none, or they have not run yet.
        case unknown = "UNKNOWN"
    }

    /// Where the service's name was found, strongest first.
    package enum NameSource: String, Codable, Sendable, Hashable {
        /// The tag `aws:ecs:serviceName`, which only AWS can set.
        case managedTag = "managed_tag"
        /// The task's group, `service:<name>`.
        case group
        /// `startedBy` is the id of a deployment of a known service.
        case deployment
        /// The task definition's family: a task that no service started.
        case family
    }

    /// The task's ARN: its key.
    package var arn: String
    /// The last part of the ARN: 32 hex digits.
    package var id: String
    /// The ARN of its cluster.
    package var clusterARN: String
    /// The name of its cluster.
    package var clusterName: String
    /// Twelve digits.
    package var account: String
    /// Such as `us-east-1`.
    package var region: String
    /// The name of the service that it belongs to, or its family.
    package var serviceName: String
    /// Where `serviceName` was found.
    package var serviceNameSource: NameSource
    /// The ARN of the observed service that it belongs to; `nil` for a task on its own.
    package var serviceARN: String?
    /// The task definition's family.
    package var family: String
    /// The task definition's revision.
    package var revision: Int
    /// The task definition's ARN.
    package var taskDefinitionARN: String
    /// The addresses of its network interface, IPv4 first; empty in bridge and host mode.
    package var addresses: [IPAddress]
    /// Such as `us-east-1a`; `nil` when ECS does not say.
    package var availabilityZone: String?
    /// Such as `RUNNING`.
    package var lastStatus: String
    /// `RUNNING` or `STOPPED`.
    package var desiredStatus: String
    /// What the health checks say.
    package var health: Health
    /// Counts changes of the task; orders polls and events. 0 when ECS does not say.
    package var version: Int
    /// The role that the task's credentials are of: the override's, else the definition's.
    package var taskRoleARN: String?
    /// What the owner says by tags of the task; those of its service are in the service.
    package var settings: ObservedSettings
    /// Tags as they are.
    package var tags: [String: String]
    /// From the tag, else the port mappings, else docker labels; sorted, and empty when nobody says.
    package var ports: [ObservedPort]
    /// Whether the definition holds a ztunnel, or a daemon serves it.
    package var isEnrolled: Bool
    /// How it captures; `nil` when it is not enrolled.
    package var captureMode: CaptureMode?
    /// Seconds since the epoch; `nil` before it started.
    package var startedAt: Double?
    /// `FARGATE`, `EC2`, `MANAGED_INSTANCES` or `EXTERNAL`.
    package var launchType: String?

    /// Whether new connections may go there: it runs, is to go on running, has an address, and no check fails.
    package var isReady: Bool {
        self.lastStatus == "RUNNING" && self.desiredStatus == "RUNNING" && self.health != .unhealthy
            && !self.addresses.isEmpty
    }

    /// Whether it is on its way out: connections it has may finish, new ones go elsewhere.
    package var isDraining: Bool {
        self.desiredStatus == "STOPPED"
            || ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"].contains(self.lastStatus)
    }

    /// A task with nothing but its place; the rest is set after.
    package init(arn: String, id: String, clusterARN: String, clusterName: String, account: String, region: String) {
        self.arn = arn
        self.id = id
        self.clusterARN = clusterARN
        self.clusterName = clusterName
        self.account = account
        self.region = region
        self.serviceName = ""
        self.serviceNameSource = .family
        self.serviceARN = nil
        self.family = ""
        self.revision = 0
        self.taskDefinitionARN = ""
        self.addresses = []
        self.availabilityZone = nil
        self.lastStatus = "UNKNOWN"
        self.desiredStatus = "RUNNING"
        self.health = .unknown
        self.version = 0
        self.taskRoleARN = nil
        self.settings = ObservedSettings()
        self.tags = [:]
        self.ports = []
        self.isEnrolled = false
        self.captureMode = nil
        self.startedAt = nil
        self.launchType = nil
    }
}
