import AWSClient

/// `tulle ecs remove-service`: takes the ztunnel out again and puts back what was there.
package struct RemoveService: Sendable {
    /// The service's name or ARN.
    package var service: String
    /// The cluster's name or ARN.
    package var cluster: String
    /// How long ECS may take to replace the tasks.
    package var patience: Duration = .seconds(900)
    /// The pause between two looks at it.
    package var pause: Duration = .seconds(5)

    /// Holds both.
    package init(service: String, cluster: String) {
        self.service = service
        self.cluster = cluster
    }

    /// A plan: what is there, and what would be.
    package struct Plan: Sendable {
        /// The service as it is.
        package var service: ECSService
        /// Its definition as it is.
        package var before: TaskDefinition
        /// The inverse edit's outcome; `nil` where an earlier run has made the edit, and only tags are left.
        package var outcome: Withdrawal.Outcome?
    }

    /// Reads the service and works out the inverse edit; writes nothing.
    package func plan(_ ecs: any ECSAccess, console: Console) async throws -> Plan {
        let directory = ServiceDirectory(ecs, cluster: self.cluster)
        let service = try await directory.service(self.service)
        try service.checkCanDeploy()
        console.step("found service \(service.name) on task definition \(service.revision)")
        let before = try await directory.taskDefinition(service.taskDefinition)
        let hasZTunnel = before.containers.contains { $0.name == ZTunnelPorts.containerName }
        if !hasZTunnel, Self.tags.contains(where: { service.tags[$0] != nil }) {
            console.step("ztunnel is out of it already; the mesh's tags are left")
            return Plan(service: service, before: before, outcome: nil)
        }
        let outcome = try Withdrawal.apply(to: before)
        if !outcome.hadRecord {
            console.warning("this ztunnel was not written by tulle; empty lists that it leaves behind are removed")
        }
        return Plan(service: service, before: before, outcome: outcome)
    }

    /// Registers the restored definition, rolls it out, waits until all tasks are replaced, and takes the tags off.
    ///
    /// The tags come last: without them the service has another name in the mesh, and its old tasks still serve those who
    /// know the one that it has. Where the wait is too long it stops with the tags on; run again, it goes on from there.
    package func run(_ ecs: any ECSAccess, console: Console) async throws {
        let plan = try await self.plan(ecs, console: console)
        let rollout = ServiceRollout(ecs: ecs, cluster: self.cluster, console: console)
        var arn = plan.service.taskDefinition
        if let outcome = plan.outcome {
            arn = try await rollout.register(outcome.definition)
            console.step("created task definition \(ServiceRollout.shortName(arn)), without ztunnel")
            try await rollout.update(plan.service, to: arn, settings: outcome.service ?? plan.service.settings)
        }
        console.step("ECS replaces the tasks of \(plan.service.name); waiting for the last one")
        try await rollout.finish(plan.service, on: arn, within: self.patience, every: self.pause)
        _ = try await ecs.call(
            "UntagResource",
            ["resourceArn": .string(plan.service.arn), "tagKeys": .strings(Self.tags)]
        )
        console.step("took the mesh's tags off the service")
        console.done("removed service \"\(plan.service.name)\" from the mesh")
    }

    /// What enrolling tags a service with.
    private static let tags = [ECSService.Tag.namespace, ECSService.Tag.serviceAccount, ECSService.Tag.mode]
}
