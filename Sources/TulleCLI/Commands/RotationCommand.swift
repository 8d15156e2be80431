import AWSClient
import ArgumentParser

/// `tulle ca`: the mesh's certificate authority.
struct CACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca",
        abstract: "Work on the mesh's certificate authority.",
        subcommands: [RotationCommand.self]
    )
}

/// `tulle ca rotation`: the change of the mesh's root in steps, each of which waits until everybody has taken the last.
struct RotationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotation",
        abstract: "Change the mesh's root certificate without an interruption.",
        discussion: """
            begin makes a new root and has everybody trust both; advance signs with the new one; finish takes the \
            old one out of the bundle. A step is refused while somebody has not taken the one before.
            """,
        subcommands: [Status.self, Begin.self, Advance.self, Finish.self]
    )

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how far the rotation is.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let answer = try await run.withAdmin(self.connection) { try await $0.call("GET", "/v1/rotation") }
                run.console.result(self.output.text(answer) { _ in RecordTable.lines(answer) })
            }
        }
    }

    struct Begin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a new root, and have everybody trust it too.")
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws { try await RotationCommand.step("begin", self.connection) }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign with the new root.")
        @Flag(help: "Go on although somebody has not taken the step before; they may be cut off.") var force = false
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws { try await RotationCommand.step("advance", self.connection, isForced: self.force) }
    }

    struct Finish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Trust the new root alone.")
        @Flag(help: "Go on although somebody has not taken the step before; they may be cut off.") var force = false
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws { try await RotationCommand.step("finish", self.connection, isForced: self.force) }
    }

    private static func step(_ name: String, _ connection: ControlPlaneOptions, isForced: Bool = false) async throws {
        let run = CommandRun()
        try await run.perform {
            try await run.withAdmin(connection) { admin in
                try await Self.step(name, isForced: isForced, admin, console: run.console)
            }
        }
    }

    /// Takes a step and shows where the rotation is then.
    static func step(_ name: String, isForced: Bool, _ admin: AdminClient, console: Console) async throws {
        let answer = try await admin.call("POST", "/v1/rotation/\(name)", query: [("force", isForced ? "true" : nil)])
        console.done("rotation: \(name) is done")
        if let members = answer.object, !members.isEmpty { console.result(RecordTable.lines(answer)) }
    }
}
