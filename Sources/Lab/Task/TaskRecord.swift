/// What is known of a task right now; the metadata endpoint, the status file and reports to moto read it.
package struct TaskRecord: Codable, Sendable {
    /// What is known of one container.
    package struct Container: Codable, Sendable {
        /// A port that the definition maps; in network modes awsvpc and host it is the same on both sides.
        package struct Port: Codable, Sendable, Equatable {
            package var port: UInt16
            /// `tcp` or `udp`.
            package var transport: String
        }

        package var name: String
        package var arn: String
        package var image: String
        package var isEssential: Bool
        /// The part of the metadata URI that stands for this container.
        package var endpointID: String
        /// Docker's id on a container instance: 64 hex digits. On Fargate ECS's own kind of id.
        package var runtimeID: String
        /// Docker's name, as the ECS agent makes it.
        package var runtimeName = ""
        package var ports: [Port] = []
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

        /// Its labels as the ECS agent leaves them: the definition's, and over them those that name the task.
        ///
        /// The cluster goes by its ARN on Fargate and by its name on a container instance.
        package func dockerLabels(of task: TaskRecord) -> [String: String] {
            var labels = self.labels
            labels["com.amazonaws.ecs.cluster"] = task.containerInstanceArn == nil ? task.clusterArn : task.cluster
            labels["com.amazonaws.ecs.container-name"] = self.name
            labels["com.amazonaws.ecs.task-arn"] = task.arn
            labels["com.amazonaws.ecs.task-definition-family"] = task.family
            labels["com.amazonaws.ecs.task-definition-version"] = String(task.revision)
            return labels
        }
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
    /// The interface's IPv6 address in a dual-stack lab.
    package var addressV6: String?
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
    /// `awsvpc` or `host`.
    package var networkMode = "awsvpc"
    /// The container instance that it runs on; nil on Fargate.
    package var containerInstanceArn: String?
    /// The container that holds the namespace on a container instance; ECS doesn't count it among the task's.
    package var pause: Container?
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

    /// All containers, the pause container first.
    package var allContainers: [Container] { (self.pause.map { [$0] } ?? []) + self.containers }

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
