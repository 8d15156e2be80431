import Foundation

extension TaskRecord {
    /// The record of a task that moto has just made.
    init(
        _ task: MotoState.Task,
        definition: TaskDefinition,
        surroundings: TaskRunner.Surroundings,
        namespace: String?
    ) {
        let configuration = surroundings.configuration
        func identifier() -> String { UUID().uuidString.lowercased() }
        let folder = ContainerPlan.safe(task.serviceName ?? definition.family)
        self.init(
            id: task.id,
            arn: task.arn,
            clusterArn: task.clusterArn,
            cluster: task.cluster,
            family: definition.family,
            revision: definition.revision,
            service: task.serviceName,
            group: task.group,
            address: task.address ?? "",
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
            proxyContainer: definition.proxyConfiguration?.containerName,
            containers: definition.containerDefinitions.enumerated().map { index, container in
                Container(
                    name: container.name,
                    arn: task.containers[container.name] ?? "",
                    image: container.image,
                    isEssential: container.isEssential,
                    endpointID: identifier(),
                    runtimeID: "\(task.id)-\(1_000_000_000 + index)",
                    labels: container.dockerLabels ?? [:],
                    hasHealthCheck: container.healthCheck != nil,
                    logPath: "\(surroundings.logs)/\(folder)/\(task.id)/\(ContainerPlan.safe(container.name)).log"
                )
            }
        )
    }
}
