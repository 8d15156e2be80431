import ArgumentParser
import MeshConfig

/// Which namespace a command looks in.
struct NamespaceOptions: ParsableArguments, Sendable {
    @Option(name: [.short, .long], help: "The namespace, a DNS label; \"default\" unless given.")
    var namespace: MeshName?

    @Flag(name: [.customShort("A"), .long], help: "All namespaces.")
    var allNamespaces = false

    func validate() throws {
        guard self.namespace == nil || !self.allNamespaces else {
            throw ValidationError("--namespace and --all-namespaces exclude each other")
        }
    }

    /// The namespace to look in; nil for all.
    var filter: String? { self.allNamespaces ? nil : self.namespace?.text ?? Self.usual }

    /// What a command works in when nothing is said.
    static let usual = "default"
}

/// `tulle apply`.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Give configuration to the mesh."
    )

    @Option(name: [.customShort("f"), .customLong("filename")], help: "A file, a directory, or - for standard input.")
    var files: [String]

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let inputs = try ConfigurationInput.read(self.files)
            try await run.withAdmin(self.connection) { admin in
                try await ApplyResources(isDryRun: self.dryRun).run(inputs, admin, console: run.console)
            }
        }
    }
}

/// `tulle get`.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List what is declared in the mesh, or what it knows.",
        discussion: """
            KIND is a kind of resource in any of its names, or all. The kinds services, workloads and policies list \
            what ztunnels are told.
            """
    )

    @Argument(help: "The kind.")
    var kind: String

    @Argument(help: "The resource's name.")
    var name: String?

    @OptionGroup var namespace: NamespaceOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let list =
                try MeshListing(self.kind).map { listing in
                    { (admin: AdminClient) in try await listing.run(admin, filter: self.meshFilter, output: self.output)
                    }
                } ?? self.resources()
            let text = try await run.withAdmin(self.connection) { try await list($0) }
            run.console.result(text)
        }
    }

    /// Services, workloads and policies are listed of all namespaces unless one is named.
    private var meshFilter: MeshTables.Filter {
        MeshTables.Filter(namespace: self.namespace.namespace?.text, name: self.name)
    }

    private func resources() throws -> (AdminClient) async throws -> String {
        let kind = self.kind.lowercased() == "all" ? nil : try KindName.kind(self.kind)
        let list = ListResources(kind: kind, name: self.name, namespace: self.namespace.filter)
        return { try await list.run($0, output: self.output) }
    }
}

/// `tulle describe`.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show one resource, or all that bears on a service.",
        discussion: "'tulle describe service NAME' shows addresses, waypoint, policies and endpoints of a service."
    )

    @Argument(help: "The kind, or service.")
    var kind: String

    @Argument(help: "The name; of a service also namespace/name or its host name.")
    var name: String

    @OptionGroup var namespace: NamespaceOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            if ["service", "services", "svc"].contains(self.kind.lowercased()) {
                let command = DescribeService(name: self.name, namespace: self.namespace.namespace?.text)
                let text = try await run.withAdmin(self.connection) { try await command.run($0, output: self.output) }
                return run.console.result(text)
            }
            let kind = try KindName.kind(self.kind)
            let namespace = kind.isNamespaced ? self.namespace.filter : nil
            let found = try await run.withAdmin(self.connection) { admin in
                try await admin.resources(kind: kind.rawValue, namespace: namespace, name: self.name)
            }
            guard !found.isEmpty else {
                throw CommandFailure(
                    "there is no \(kind.rawValue) \"\(self.name)\"",
                    hint: "'tulle get \(kind.rawValue.lowercased()) -A' lists what there is"
                )
            }
            run.console.result(
                self.output.text(found[0].json) { _ in
                    found.map { DescribeResource.text($0) }.joined(separator: "\n\n")
                }
            )
        }
    }
}
