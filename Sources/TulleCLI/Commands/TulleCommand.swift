package import ArgumentParser

/// `tulle`: brings ECS services into the mesh.
package struct TulleCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tulle",
        abstract: "Bring Amazon ECS services into the mesh.",
        subcommands: [BootstrapCommand.self, ECSCommand.self, VersionCommand.self]
    )

    package init() {}
}

/// `tulle ecs`: the verbs on ECS services.
package struct ECSCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "ecs",
        abstract: "Enrol, withdraw and list ECS services.",
        subcommands: [AddServiceCommand.self, RemoveServiceCommand.self, ListServicesCommand.self]
    )

    package init() {}
}

/// `tulle version`.
package struct VersionCommand: ParsableCommand {
    /// The version of this source tree.
    package static let version = "0.1.0"

    package static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version."
    )

    package init() {}

    package func run() {
        print("tulle \(Self.version)")
    }
}
