import AWSClient
import ArgumentParser
import MeshConfig

/// The files of a command.
struct FileOptions: ParsableArguments, Sendable {
    @Option(name: [.customShort("f"), .customLong("filename")], help: "A file, a directory, or - for standard input.")
    var files: [String]
}

/// `tulle validate`.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check configuration without a mesh.",
        discussion: "Says what the control plane would say. Ends with status 1 when there is an error."
    )

    @OptionGroup var files: FileOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let local = LocalConfiguration(try ConfigurationInput.read(self.files.files))
            run.console.result(self.output.text(ValidateResources.json(local)) { _ in ValidateResources.text(local) })
            if local.count(.error) > 0 { throw ExitStatus.failure.code }
        }
    }
}

/// `tulle diff`.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what applying configuration would change.",
        discussion: "Ends with status 1 when there is a difference."
    )

    @OptionGroup var files: FileOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let inputs = try ConfigurationInput.read(self.files.files)
            let outcome = try await run.withAdmin(self.connection) { try await DiffResources().run(inputs, $0) }
            if !outcome.text.isEmpty { run.console.result(outcome.text.joined(separator: "\n")) }
            outcome.refused.forEach(run.console.warning)
            if !outcome.text.isEmpty || !outcome.refused.isEmpty { throw ExitStatus.failure.code }
        }
    }
}

/// `tulle delete`.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Take configuration out of the mesh, by file or by kind and name."
    )

    @Argument(help: "The kind.")
    var kind: String?

    @Argument(help: "The resource's name.")
    var name: String?

    @Option(name: [.customShort("f"), .customLong("filename")], help: "A file, a directory, or - for standard input.")
    var files: [String] = []

    @Option(name: [.short, .long], help: "The namespace, a DNS label; \"default\" unless given.")
    var namespace: MeshName?

    @Flag(help: "What is not there counts as deleted.")
    var ignoreNotFound = false

    @OptionGroup var connection: ControlPlaneOptions

    func validate() throws {
        guard self.files.isEmpty != (self.kind == nil) else {
            throw ValidationError("give a kind and a name, or -f, and not both")
        }
        guard (self.kind == nil) == (self.name == nil) else { throw ValidationError("the resource's name is missing") }
    }

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let command = DeleteResources(keys: try self.keys(), ignoresMissing: self.ignoreNotFound)
            try await run.withAdmin(self.connection) { try await command.run($0, console: run.console) }
        }
    }

    private func keys() throws -> [ResourceKey] {
        guard let kind = self.kind, let name = self.name else {
            let local = LocalConfiguration(try ConfigurationInput.read(self.files))
            guard !local.keys.isEmpty else {
                throw CommandFailure("the input names no resource", hint: "'tulle validate -f' says what is wrong")
            }
            return local.keys
        }
        let found = try KindName.kind(kind)
        let namespace = found.isNamespaced ? self.namespace?.text ?? NamespaceOptions.usual : ""
        return [ResourceKey(kind: found, namespace: namespace, name: name)]
    }
}

/// `tulle schema`.
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a kind, for editors and checks."
    )

    @Argument(help: "The kind.")
    var kind: String

    @Option(name: [.short, .long], help: "How it is written.")
    var output: Form = .json

    enum Form: String, ExpressibleByArgument, CaseIterable, Sendable {
        case json
        case yaml
    }

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            run.console.result(try Self.text(try KindName.kind(self.kind), self.output))
        }
    }

    static func text(_ kind: ResourceKind, _ form: Form) throws -> String {
        let schema = try JSONValue(parsing: jsonSchema(of: kind))
        return form == .json ? schema.text(.indented(2)) : YAMLText.document(schema)
    }
}
