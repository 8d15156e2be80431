import AWSClient

/// Writes a new task definition and moves a service to it.
struct ServiceRollout: Sendable {
    let ecs: any ECSAccess
    let cluster: String
    let console: Console

    /// Registers the definition; gives the ARN of its revision.
    func register(_ definition: TaskDefinition) async throws -> String {
        let answer = try await self.ecs.call("RegisterTaskDefinition", definition.document)
        guard let arn = answer["taskDefinition"]?["taskDefinitionArn"]?.string else {
            throw CommandFailure("RegisterTaskDefinition answered without an ARN", hint: "run this again")
        }
        return arn
    }

    /// Moves the service to a definition, with new tasks even if only tags changed.
    func update(
        _ service: ECSService,
        to arn: String,
        settings: RestoreRecord.ServiceSettings
    ) async throws {
        do {
            _ = try await self.ecs.call(
                "UpdateService",
                [
                    "cluster": .string(self.cluster),
                    "service": .string(service.arn),
                    "taskDefinition": .string(arn),
                    "propagateTags": .string(settings.propagateTags),
                    "enableECSManagedTags": .bool(settings.managedTags),
                    "forceNewDeployment": true,
                ]
            )
        } catch {
            let failure = CommandFailure(error)
            throw CommandFailure(
                "\(failure.message); the service still runs \(service.revision)",
                hint: failure.hint
            )
        }
    }

    /// Waits until the service runs nothing but this definition.
    /// - Throws: `CommandFailure` when the rollout has failed, or it takes longer than that.
    func finish(
        _ service: ECSService,
        on definition: String,
        within patience: Duration,
        every pause: Duration
    ) async throws {
        let directory = ServiceDirectory(self.ecs, cluster: self.cluster)
        let end = ContinuousClock.now + patience
        while true {
            let seen = try await directory.service(service.arn)
            switch seen.rollout {
            // Right after an update ECS may still answer with what was before.
            case .completed where Self.shortName(seen.taskDefinition) == Self.shortName(definition): return
            case .completed: break
            case .failed(let reason):
                throw CommandFailure(
                    "the rollout of \"\(service.name)\" has failed: \(reason)",
                    hint: "its tags are as they were; look at the service's events, mend it, and run this again"
                )
            case .inProgress: break
            }
            guard ContinuousClock.now < end else {
                throw CommandFailure(
                    "\"\(service.name)\" still has tasks of before after \(patience.components.seconds) s",
                    hint: "its tags are as they were; run this again when the deployment is through, or with a longer "
                        + "--timeout"
                )
            }
            try await Task.sleep(for: pause)
        }
    }

    /// The short form of a definition's ARN.
    static func shortName(_ arn: String) -> String {
        arn.split(separator: "/").last.map(String.init) ?? arn
    }
}
