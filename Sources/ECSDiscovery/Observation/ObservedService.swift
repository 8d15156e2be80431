/// An ECS service as the last good poll saw it.
package struct ObservedService: Codable, Sendable, Hashable {
    /// The service's ARN: its key.
    package var arn: String
    /// The service's name in its cluster.
    package var name: String
    /// The ARN of its cluster.
    package var clusterARN: String
    /// The name of its cluster.
    package var clusterName: String
    /// Twelve digits.
    package var account: String
    /// Such as `us-east-1`.
    package var region: String
    /// What its long name ends with; `nil` for the mesh's own.
    package var domain: String?
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    package var status: String
    /// How many tasks should run.
    package var desiredCount: Int
    /// How many tasks run.
    package var runningCount: Int
    /// The task definition of the primary deployment.
    package var taskDefinitionARN: String
    /// What the owner says by tags.
    package var settings: ObservedSettings
    /// Tags as they are, those of AWS and of other tools among them.
    package var tags: [String: String]
    /// From the tag, else the port mappings, else docker labels; sorted, and empty when nobody says.
    package var ports: [ObservedPort]
    /// Whether the current task definition holds a ztunnel, or a daemon serves it.
    package var isEnrolled: Bool
    /// How the current task definition captures; `nil` when it is not enrolled.
    package var captureMode: CaptureMode?
    /// The ids of the deployments, which tasks carry as `startedBy`.
    package var deploymentIDs: [String]

    /// The namespace tag; `nil` leaves it to configuration.
    package var namespace: String? { self.settings.namespace }

    /// The service account tag; a hint that the binding of the task's role must confirm.
    package var serviceAccountHint: String? { self.settings.serviceAccount }

    /// Further names that the service answers to.
    package var extraHostnames: [String] { self.settings.hostnames }

    /// A service with nothing but its place; the rest is set after.
    package init(arn: String, name: String, clusterARN: String, clusterName: String, account: String, region: String) {
        self.arn = arn
        self.name = name
        self.clusterARN = clusterARN
        self.clusterName = clusterName
        self.account = account
        self.region = region
        self.status = "ACTIVE"
        self.desiredCount = 0
        self.runningCount = 0
        self.taskDefinitionARN = ""
        self.settings = ObservedSettings()
        self.tags = [:]
        self.ports = []
        self.isEnrolled = false
        self.captureMode = nil
        self.deploymentIDs = []
    }
}
