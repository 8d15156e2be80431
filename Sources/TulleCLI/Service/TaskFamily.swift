import AWSClient

/// A task definition that runs without a service, by RunTask or by a schedule: enrolled and withdrawn as it is, with tags
/// of its own that say who its tasks are.
package struct TaskFamily: Sendable {
    /// The family, `family:revision`, or an ARN.
    package var name: String

    /// Holds the name.
    package init(_ name: String) {
        self.name = name
    }

    /// A plan: what is there, and what would be.
    package struct Plan: Sendable {
        /// The newest revision, or the one that was named.
        package var before: TaskDefinition
        /// What would be registered.
        package var after: TaskDefinition
    }

    /// Works out the definition with a ztunnel, tagged as this account; writes nothing.
    package func planAdding(
        _ enrolment: Enrolment,
        namespace: MeshName,
        serviceAccount: MeshName,
        _ ecs: any ECSAccess,
        console: Console
    ) async throws -> Plan {
        let before = try await self.definition(ecs, console)
        var enrolment = enrolment
        enrolment.tags = [
            (ECSService.Tag.namespace, namespace.text), (ECSService.Tag.serviceAccount, serviceAccount.text),
            (ECSService.Tag.mode, enrolment.capture.rawValue),
        ]
        let outcome = try enrolment.apply(to: before)
        outcome.warnings.forEach(console.warning)
        return Plan(before: before, after: outcome.definition)
    }

    /// Works out the definition without the ztunnel, as it was; writes nothing.
    package func planRemoving(_ ecs: any ECSAccess, console: Console) async throws -> Plan {
        let before = try await self.definition(ecs, console)
        let outcome = try Withdrawal.apply(to: before)
        if !outcome.hadRecord {
            console.warning("this ztunnel was not written by tulle; empty lists and tags that it leaves behind stay")
        }
        return Plan(before: before, after: outcome.definition)
    }

    /// Registers what was planned, as the family's newest revision.
    package func register(_ plan: Plan, _ ecs: any ECSAccess, console: Console) async throws {
        let rollout = ServiceRollout(ecs: ecs, cluster: "", console: console)
        let revision = ServiceRollout.shortName(try await rollout.register(plan.after))
        console.step("created task definition \(revision)")
        console.done(
            "tasks of \"\(plan.after.family)\" are started so from now on; schedules and callers that name a revision "
                + "must name \(revision)"
        )
    }

    private func definition(_ ecs: any ECSAccess, _ console: Console) async throws -> TaskDefinition {
        let definition = try await ServiceDirectory(ecs, cluster: "").taskDefinition(self.name)
        console.step("found task definition \(definition.family)")
        return definition
    }
}
