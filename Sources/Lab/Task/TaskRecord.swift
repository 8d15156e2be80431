/// What is known of a task right now; the metadata endpoint, the status file and reports to moto read it.
package struct TaskRecord: Codable, Sendable {
    /// What is known of one container.
    package struct Container: Codable, Sendable {
        package var name: String
        package var arn: String
        package var image: String
        package var isEssential: Bool
        /// The part of the metadata URI that stands for this container.
        package var endpointID: String
        package var runtimeID: String
        package var labels: [String: String]
        package var status = "PENDING"
        package var health = HealthState.Status.unknown
        package var hasHealthCheck: Bool
        package var healthSince: Double?
        package var startedAt: Double?
        package var finishedAt: Double?
        package var exitCode: Int32?
        package var reason: String?
        package var restarts = 0
        package var processID: Int32?
        package var logPath: String
        package var plan: ContainerPlan?
    }

    package var id: String
    package var arn: String
    package var clusterArn: String
    package var cluster: String
    package var family: String
    package var revision: Int
    package var service: String?
    package var group: String
    package var address: String
    package var hardwareAddress: String?
    package var subnet: String
    package var gateway: String
    package var vpcID: String
    package var availabilityZone: String
    package var launchType: String
    package var cpu: String?
    package var memory: String?
    package var tags: [String: String]
    package var createdAt: Double
    package var region: String
    package var roleArn: String?
    /// The part of the credentials URI that stands for this task; nil without a role.
    package var credentialsID: String?
    /// Token that stands for the task where its address can't, in a lab without namespaces.
    package var token: String?
    package var namespace: String?
    /// The container that proxyConfiguration names.
    package var proxyContainer: String?
    package var desiredStatus = "RUNNING"
    package var lastStatus = "PROVISIONING"
    package var stopCode: String?
    package var stoppedReason: String?
    package var containers: [Container]

    /// The task's health: the worst of its essential containers that have checks.
    package var health: HealthState.Status {
        HealthState.ofTask(self.containers.filter { $0.isEssential && $0.hasHealthCheck }.map(\.health))
    }

    /// The container that `exec` and `logs` mean when none is named: the first essential one that isn't the proxy.
    package var mainContainer: Container? {
        let others = self.containers.filter { $0.name != self.proxyContainer && $0.name != "ztunnel" }
        return others.first(where: \.isEssential) ?? others.first ?? self.containers.first
    }

    /// What moto is told of this record.
    package var report: TaskReport {
        TaskReport(
            taskArn: self.arn,
            lastStatus: self.lastStatus,
            healthStatus: self.health.rawValue,
            stopCode: self.stopCode,
            stoppedReason: self.stoppedReason,
            containers: self.containers.map { container in
                TaskReport.Container(
                    name: container.name,
                    lastStatus: container.status,
                    exitCode: container.exitCode,
                    reason: container.reason,
                    healthStatus: container.health.rawValue,
                    runtimeId: container.runtimeID
                )
            }
        )
    }
}
