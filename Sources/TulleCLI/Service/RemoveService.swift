import AWSClient

/// `tulle ecs remove-service`: takes the ztunnel out again and puts back what was there.
package struct RemoveService: Sendable {
    /// The service's name or ARN.
    package var service: String
    /// The cluster's name or ARN.
    package var cluster: String

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
        /// The inverse edit's outcome.
        package var outcome: Withdrawal.Outcome
    }

    /// Reads the service and works out the inverse edit; writes nothing.
    package func plan(_ ecs: any ECSAccess, console: Console) async throws -> Plan {
        let directory = ServiceDirectory(ecs, cluster: self.cluster)
        let service = try await directory.service(self.service)
        try service.checkCanDeploy()
        console.step("found service \(service.name) on task definition \(service.revision)")
        let before = try await directory.taskDefinition(service.taskDefinition)
        let outcome = try Withdrawal.apply(to: before)
        if !outcome.hadRecord {
            console.warning("this ztunnel was not written by tulle; empty lists that it leaves behind are removed")
        }
        return Plan(service: service, before: before, outcome: outcome)
    }

    /// Registers the restored definition, takes the tags off and rolls it out.
    package func run(_ ecs: any ECSAccess, console: Console) async throws {
        let plan = try await self.plan(ecs, console: console)
        let rollout = ServiceRollout(ecs: ecs, cluster: self.cluster, console: console)
        let arn = try await rollout.register(plan.outcome.definition)
        console.step("created task definition \(ServiceRollout.shortName(arn)), without ztunnel")
        let keys = [ECSService.Tag.namespace, ECSService.Tag.serviceAccount, ECSService.Tag.mode]
        _ = try await ecs.call(
            "UntagResource",
            ["resourceArn": .string(plan.service.arn), "tagKeys": .strings(keys)]
        )
        console.step("took the mesh's tags off the service")
        try await rollout.update(
            plan.service,
            to: arn,
            settings: plan.outcome.service ?? plan.service.settings
        )
        console.done(
            "removed service \"\(plan.service.name)\" from the mesh; ECS now replaces its tasks"
        )
    }
}
