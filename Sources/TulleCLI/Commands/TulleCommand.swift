package import ArgumentParser

/// `tulle`: brings ECS services into the mesh, and says what the mesh does with them.
package struct TulleCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tulle",
        abstract: "Bring Amazon ECS services into the mesh, and look after it.",
        discussion: """
            Ends with 0 when all is well, 1 when something was found, refused or failed, 64 for wrong arguments, 66 \
            for an input that cannot be read, 69 when the control plane does not answer.
            """,
        subcommands: [VersionCommand.self, CompletionCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Services",
                subcommands: [
                    ECSCommand.self, BootstrapCommand.self, TokenCommand.self, WaypointCommand.self, IAMCommand.self,
                ]
            ),
            CommandGroup(
                name: "Configuration",
                subcommands: [
                    ApplyCommand.self, GetCommand.self, DescribeCommand.self, DeleteCommand.self, DiffCommand.self,
                    ValidateCommand.self, SchemaCommand.self, AnalyzeCommand.self, MigrateCommand.self,
                ]
            ),
            CommandGroup(
                name: "The mesh's state",
                subcommands: [
                    StatusCommand.self, RoutesCommand.self, ZTunnelConfigCommand.self, DoctorCommand.self,
                    CertificatesCommand.self, CACommand.self,
                ]
            ),
        ]
    )

    package init() {}
}

/// `tulle ecs`: the verbs on ECS services.
package struct ECSCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "ecs",
        abstract: "Enrol, withdraw and list ECS services and task definitions.",
        subcommands: [
            AddServiceCommand.self, RemoveServiceCommand.self, ListServicesCommand.self,
            AddTaskDefinitionCommand.self, RemoveTaskDefinitionCommand.self, ListRolesCommand.self,
            BindRoleCommand.self,
        ]
    )

    package init() {}
}
