import ArgumentParser
import Foundation
import Lab

/// ECS on one machine.
@main
struct TulleLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tulle-lab",
        abstract: "Amazon ECS on one machine: tasks in network namespaces, an AWS API by moto, nothing left behind.",
        subcommands: [Up.self, Down.self, Status.self, Exec.self, Logs.self]
    )
}

/// What every command needs to find its lab.
struct Place: ParsableArguments {
    @Option(help: "Directory of the lab's state, keys and logs.")
    var stateDir = ".tulle-lab"

    var files: StateDirectory { StateDirectory(path: self.stateDir) }
}

/// Ends the program with the error's own words.
func failing<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as LabError {
        FileHandle.standardError.write(Data("tulle-lab: \(error)\n".utf8))
        throw ExitCode(error.code == .invalidConfiguration ? 64 : 1)
    }
}

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the lab and remove all it made; also after a crash. Running it again does nothing."
    )

    @OptionGroup var place: Place
    @Flag(help: "Keep the logs in the state directory.")
    var keepLogs = false

    func run() async throws {
        try await failing {
            for line in try await LabTeardown(self.place.files).run(keepLogs: self.keepLogs) { print("• \(line)") }
        }
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the tasks with their addresses and health.")

    @OptionGroup var place: Place
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await failing {
            let status = try LabStatus.read(self.place.files)
            print(self.json ? try status.json() : status.table)
        }
    }
}

struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command in a task's container, with its network, user and environment."
    )

    @OptionGroup var place: Place
    @Argument(help: "The service, or the family of a task without one.")
    var service: String
    @Option(help: "The container; by default the first essential one that isn't the proxy.")
    var container: String?
    @Option(help: "The task's id or its beginning; by default the newest running one.")
    var task: String?
    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        if self.command.isEmpty {
            throw ValidationError("give a command after --, such as: exec shell -- curl http://echo.demo")
        }
    }

    func run() async throws {
        try await failing {
            let status = try LabStatus.read(self.place.files)
            try ContainerExec(status).run(
                service: self.service,
                task: self.task,
                container: self.container,
                command: self.command
            )
        }
    }
}

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print what containers wrote, of ended tasks too.")

    @OptionGroup var place: Place
    @Argument(help: "The service or family; all by default.")
    var service: String?
    @Option(help: "The container; all by default.")
    var container: String?
    @Option(help: "The task's id or its beginning; all by default.")
    var task: String?

    func run() async throws {
        try await failing {
            let logs = ContainerLogs(self.place.files)
            let files = logs.files(service: self.service, container: self.container, task: self.task)
            guard !files.isEmpty else { throw LabError(.notFound, "no logs of \(self.service ?? "any service")") }
            for file in files { FileHandle.standardOutput.write(Data(try logs.text(of: file).utf8)) }
        }
    }
}
