import AWSClient

/// `tulle ecs add-service`: puts a ztunnel into a service's task definition and rolls it out.
package struct AddService: Sendable {
    /// The service's name or ARN.
    package var service: String
    /// The cluster's name or ARN.
    package var cluster: String
    /// The namespace that the service joins.
    package var namespace: MeshName
    /// The service account that its tasks act as.
    package var serviceAccount: MeshName
    /// The edit; its `service` is filled in from what ECS says.
    package var enrolment: Enrolment

    /// Holds the parts.
    package init(
        service: String,
        cluster: String,
        namespace: MeshName,
        serviceAccount: MeshName,
        enrolment: Enrolment
    ) {
        self.service = service
        self.cluster = cluster
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.enrolment = enrolment
    }

    /// A plan: what is there, and what would be.
    package struct Plan: Sendable {
        /// The service as it is.
        package var service: ECSService
        /// Its definition as it is.
        package var before: TaskDefinition
        /// The edit's outcome.
        package var outcome: Enrolment.Outcome
    }

    /// Reads the service and works out the edit; writes nothing.
    package func plan(_ ecs: any ECSAccess, console: Console) async throws -> Plan {
        let directory = ServiceDirectory(ecs, cluster: self.cluster)
        let service = try await directory.service(self.service)
        try service.checkCanDeploy()
        console.step("found service \(service.name) on task definition \(service.revision)")
        let before = try await directory.taskDefinition(service.taskDefinition)
        var enrolment = self.enrolment
        enrolment.service = service.settings
        let outcome = try enrolment.apply(to: before)
        outcome.warnings.forEach(console.warning)
        return Plan(service: service, before: before, outcome: outcome)
    }

    /// Registers the new definition, tags the service and rolls it out.
    package func run(_ ecs: any ECSAccess, console: Console) async throws {
        let plan = try await self.plan(ecs, console: console)
        let rollout = ServiceRollout(ecs: ecs, cluster: self.cluster, console: console)
        let arn = try await rollout.register(plan.outcome.definition)
        console.step("created task definition \(ServiceRollout.shortName(arn))")
        self.describe(plan.outcome, console: console)
        // Tags first: tasks inherit them only when they are started, and the update starts them.
        _ = try await ecs.call(
            "TagResource",
            [
                "resourceArn": .string(plan.service.arn),
                "tags": [
                    ["key": .string(ECSService.Tag.namespace), "value": .string(self.namespace.text)],
                    ["key": .string(ECSService.Tag.serviceAccount), "value": .string(self.serviceAccount.text)],
                    ["key": .string(ECSService.Tag.mode), "value": .string(self.enrolment.capture.rawValue)],
                ],
            ]
        )
        console.step("tagged the service as \(self.namespace)/\(self.serviceAccount)")
        try await rollout.update(
            plan.service,
            to: arn,
            settings: RestoreRecord.ServiceSettings(propagateTags: "SERVICE", managedTags: true)
        )
        console.done(
            "enrolled service \"\(plan.service.name)\" (\(plan.service.arn)); ECS now replaces its tasks"
        )
    }

    private func describe(_ outcome: Enrolment.Outcome, console: Console) {
        console.detail("ztunnel runs \(outcome.image) as user \(ZTunnelPorts.uid)")
        switch self.enrolment.capture {
        case .appmesh:
            let ports = outcome.appPorts.map(String.init).joined(separator: ", ")
            console.detail("capture appmesh: ECS redirects TCP; app ports \(ports.isEmpty ? "none" : ports)")
        case .socks:
            console.detail("capture socks: the containers dial through 127.0.0.1:\(ZTunnelPorts.proxy)")
        }
        let waiting = outcome.definition.containers.map(\.name).filter { $0 != ZTunnelPorts.containerName }
        console.detail("wait for ztunnel to be healthy: \(waiting.joined(separator: ", "))")
    }
}
