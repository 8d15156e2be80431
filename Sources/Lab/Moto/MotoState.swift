/// moto's services and tasks, as its control endpoint tells them.
package struct MotoState: Codable, Sendable {
    /// A service and its deployments.
    package struct Service: Codable, Sendable, Equatable {
        package struct Deployment: Codable, Sendable, Equatable {
            package var id: String
            /// Whether new tasks belong to it; the others drain.
            package var primary: Bool
            package var taskDefinition: String?
        }

        package var arn: String
        package var cluster: String
        package var name: String
        package var status: String
        package var desiredCount: Int
        package var minimumHealthyPercent: Int
        package var maximumPercent: Int
        package var deployments: [Deployment]
    }

    /// A task that isn't STOPPED.
    package struct Task: Codable, Sendable, Equatable {
        package var id: String
        package var arn: String
        package var account: String
        package var region: String
        package var cluster: String
        package var clusterArn: String
        package var address: String?
        package var addressV6: String?
        /// The container instance that it is placed on; nil on Fargate.
        package var containerInstanceArn: String?
        package var macAddress: String?
        package var availabilityZone: String
        package var createdAt: Double
        package var desiredStatus: String
        package var lastStatus: String
        package var healthStatus: String
        package var launchType: String
        package var group: String
        package var startedBy: String
        package var stopCode: String?
        package var stoppedReason: String?
        package var tags: [String: String]
        package var overrides: TaskOverrides?
        package var taskDefinitionArn: String
        /// Container name → ARN.
        package var containers: [String: String]

        /// The name of the service that the task belongs to, if it does.
        package var serviceName: String? {
            self.group.hasPrefix("service:") ? String(self.group.dropFirst("service:".count)) : nil
        }
    }

    package var services: [Service]
    package var tasks: [Task]
    /// ARN → definition, of the definitions that the tasks use.
    package var taskDefinitions: [String: TaskDefinition]
}

/// What the lab observed of a task, to be written into moto.
package struct TaskReport: Codable, Sendable, Equatable {
    package struct Container: Codable, Sendable, Equatable {
        package var name: String
        package var lastStatus: String
        package var exitCode: Int32?
        package var reason: String?
        package var healthStatus: String?
        package var runtimeId: String?
    }

    package var taskArn: String
    package var lastStatus: String?
    package var healthStatus: String?
    package var stopCode: String?
    package var stoppedReason: String?
    /// Whether this counts as a failed task of its deployment.
    package var failed: Bool?
    package var containers: [Container] = []
}

/// A private hosted zone that the lab's VPC sees.
package struct HostedZone: Codable, Sendable, Equatable {
    package struct RecordSet: Codable, Sendable, Equatable {
        package var name: String
        package var type: String
        package var ttl: Int
        package var values: [String]
        /// Name whose records this one takes, if it is an alias.
        package var alias: String?
    }

    package var name: String
    package var records: [RecordSet]

    package init(name: String, records: [RecordSet]) {
        self.name = name
        self.records = records
    }
}
