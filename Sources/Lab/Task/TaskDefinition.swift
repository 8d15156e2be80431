/// A task definition, as far as running one depends on it.
///
/// Fields and their defaults are those of the ECS API; unknown fields are passed over.
package struct TaskDefinition: Codable, Sendable, Equatable {
    package var family: String
    package var revision: Int
    package var cpu: String?
    package var memory: String?
    package var taskRoleArn: String?
    /// Whether IAM has the role; the lab's view of moto tells it.
    package var taskRoleExists: Bool?
    package var containerDefinitions: [ContainerDefinition]
    package var proxyConfiguration: ProxyConfiguration?
    /// `awsvpc` or `host`; the lab runs no other.
    package var networkMode: String?
}

/// The proxyConfiguration of a task definition.
package struct ProxyConfiguration: Codable, Sendable, Equatable {
    package var type: String?
    package var containerName: String
    package var properties: [NameValue]?
}

/// A pair of strings, as ECS writes environment variables and properties.
package struct NameValue: Codable, Sendable, Equatable {
    package var name: String
    package var value: String
}

/// One container of a task definition.
package struct ContainerDefinition: Codable, Sendable, Equatable {
    package struct Dependency: Codable, Sendable, Equatable {
        package var containerName: String
        package var condition: String
    }

    package struct HealthCheck: Codable, Sendable, Equatable {
        package var command: [String]
        package var interval: Int?
        package var timeout: Int?
        package var retries: Int?
        package var startPeriod: Int?
    }

    package struct PortMapping: Codable, Sendable, Equatable {
        package var containerPort: Int?
        package var hostPort: Int?
        package var `protocol`: String?
        package var name: String?
    }

    package struct Secret: Codable, Sendable, Equatable {
        package var name: String
        package var valueFrom: String
    }

    package struct RestartPolicy: Codable, Sendable, Equatable {
        package var enabled: Bool
        package var ignoredExitCodes: [Int]?
        package var restartAttemptPeriod: Int?
    }

    package struct LinuxParameters: Codable, Sendable, Equatable {
        package struct Capabilities: Codable, Sendable, Equatable {
            package var add: [String]?
            package var drop: [String]?
        }

        package var capabilities: Capabilities?
    }

    package struct SystemControl: Codable, Sendable, Equatable {
        package var namespace: String?
        package var value: String?
    }

    package var name: String
    package var image: String
    package var entryPoint: [String]?
    package var command: [String]?
    package var environment: [NameValue]?
    package var essential: Bool?
    package var user: String?
    package var workingDirectory: String?
    package var dependsOn: [Dependency]?
    package var healthCheck: HealthCheck?
    package var portMappings: [PortMapping]?
    package var dockerLabels: [String: String]?
    package var secrets: [Secret]?
    package var startTimeout: Int?
    package var stopTimeout: Int?
    package var restartPolicy: RestartPolicy?
    package var systemControls: [SystemControl]?
    package var linuxParameters: LinuxParameters?
    package var privileged: Bool?

    /// Whether the task ends with this container; ECS takes true when nothing is said.
    package var isEssential: Bool { self.essential ?? true }
}

/// What a RunTask call changed in a task definition.
package struct TaskOverrides: Codable, Sendable, Equatable {
    package struct Container: Codable, Sendable, Equatable {
        package var name: String?
        package var command: [String]?
        package var environment: [NameValue]?
    }

    package var containerOverrides: [Container]?
    package var taskRoleArn: String?
}

extension TaskDefinition {
    /// The definition with a task's overrides put in.
    package func overridden(by overrides: TaskOverrides?) -> TaskDefinition {
        guard let overrides else { return self }
        var changed = self
        if let role = overrides.taskRoleArn, !role.isEmpty { changed.taskRoleArn = role }
        for override in overrides.containerOverrides ?? [] {
            guard let index = changed.containerDefinitions.firstIndex(where: { $0.name == override.name }) else {
                continue
            }
            if let command = override.command { changed.containerDefinitions[index].command = command }
            if let environment = override.environment {
                let names = Set(environment.map(\.name))
                let kept = (changed.containerDefinitions[index].environment ?? []).filter { !names.contains($0.name) }
                changed.containerDefinitions[index].environment = kept + environment
            }
        }
        return changed
    }
}
