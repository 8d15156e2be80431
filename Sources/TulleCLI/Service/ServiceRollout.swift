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

    /// The short form of a definition's ARN.
    static func shortName(_ arn: String) -> String {
        arn.split(separator: "/").last.map(String.init) ?? arn
    }
}
