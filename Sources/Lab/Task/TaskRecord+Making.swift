import Foundation

extension TaskRecord {
    /// The name that the ECS agent gives the container which holds a task's namespace.
    static let pauseName = "~internal~ecs~pause"
    private static let pauseImage = "amazon/amazon-ecs-pause:0.1.0"

    /// The record of a task that moto has just made.
    init(
        _ task: MotoState.Task,
        definition: TaskDefinition,
        surroundings: TaskRunner.Surroundings,
        namespace: String?
    ) {
        let configuration = surroundings.configuration
        let isOnInstance = task.containerInstanceArn != nil
        let folder = ContainerPlan.safe(task.serviceName ?? definition.family)
        func identifier() -> String { UUID().uuidString.lowercased() }
        func container(_ index: Int, _ definition: ContainerDefinition, family: String, revision: Int) -> Container {
            Container(
                name: definition.name,
                arn: task.containers[definition.name] ?? "",
                image: definition.image,
                isEssential: definition.isEssential,
                endpointID: identifier(),
                runtimeID: isOnInstance ? Self.hexadecimal(64) : "\(task.id)-\(1_000_000_000 + index)",
                runtimeName: isOnInstance
                    ? Self.dockerName(definition.name, family: family, revision: revision) : definition.name,
                ports: (definition.portMappings ?? []).compactMap { mapping in
                    mapping.containerPort.flatMap { UInt16(exactly: $0) }.map {
                        Container.Port(port: $0, transport: mapping.protocol ?? "tcp")
                    }
                },
                labels: definition.dockerLabels ?? [:],
                hasHealthCheck: definition.healthCheck != nil,
                logPath: "\(surroundings.logs)/\(folder)/\(task.id)/\(ContainerPlan.safe(definition.name)).log"
            )
        }
        self.init(
            id: task.id,
            arn: task.arn,
            clusterArn: task.clusterArn,
            cluster: task.cluster,
            family: definition.family,
            revision: definition.revision,
            service: task.serviceName,
            group: task.group,
            address: task.address ?? configuration.hostAddress,
            addressV6: task.addressV6,
            hardwareAddress: task.macAddress,
            subnet: configuration.network.description,
            gateway: configuration.network.gateway.description,
            vpcID: surroundings.vpcID,
            availabilityZone: task.availabilityZone,
            launchType: task.launchType,
            cpu: definition.cpu,
            memory: definition.memory,
            tags: task.tags,
            createdAt: task.createdAt,
            region: task.region,
            roleArn: definition.taskRoleArn,
            credentialsID: definition.taskRoleArn == nil ? nil : identifier(),
            token: namespace == nil ? identifier() : nil,
            namespace: namespace,
            networkMode: definition.networkMode ?? "awsvpc",
            containerInstanceArn: task.containerInstanceArn,
            proxyContainer: definition.proxyConfiguration?.containerName,
            containers: definition.containerDefinitions.enumerated().map { index, entry in
                container(index, entry, family: definition.family, revision: definition.revision)
            }
        )
        if isOnInstance, namespace != nil {
            let entry = ContainerDefinition(name: Self.pauseName, image: Self.pauseImage)
            self.pause = container(-1, entry, family: definition.family, revision: definition.revision)
        }
    }

    /// `ecs-<family>-<revision>-<name>-<20 hex digits>`, with only letters, digits and dashes of the name.
    private static func dockerName(_ name: String, family: String, revision: Int) -> String {
        let kept = name.unicodeScalars.filter { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "-")
        }
        return "ecs-\(family)-\(revision)-\(String(String.UnicodeScalarView(kept)))-\(Self.hexadecimal(20))"
    }

    private static func hexadecimal(_ count: Int) -> String {
        String((0..<count).map { _ in Character(String(Int.random(in: 0..<16), radix: 16)) })
    }
}
