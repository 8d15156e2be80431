import AWSClient
import ArgumentParser

/// `tulle ztunnel-config`: what one ztunnel knows.
struct ZTunnelConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztunnel-config",
        abstract: "Show what a ztunnel knows: of ours or of Istio's.",
        discussion: """
            Reads the ztunnel's admin port, a file with the answer of /config_dump, or, with --via exec, prints the \
            aws command that fetches it from an ECS task.
            """,
        subcommands: [
            Workload.self, Service.self, Policy.self, Certificate.self, Connections.self, Log.self, All.self,
        ],
        aliases: ["zc"]
    )

    /// Where the dump comes from.
    struct Source: ParsableArguments, Sendable {
        enum Route: String, ExpressibleByArgument, CaseIterable, Sendable { case exec }

        @Option(help: "The ztunnel's admin port as host:port.")
        var address = ZTunnelAdmin.usual

        @Option(name: [.short, .long], help: "A file with the answer of /config_dump; - for standard input.")
        var file: String?

        @Option(help: "How to reach it: exec prints the aws ecs execute-command line to use.")
        var via: Route?

        @Option(help: "Name or ARN of the ECS cluster, for --via exec.")
        var cluster: String?

        @Option(help: "Id or ARN of the task, for --via exec.")
        var task: String?

        @Option(help: "A container of the task that has curl, for --via exec.")
        var container: String?

        func validate() throws {
            guard self.via == .exec else { return }
            guard self.cluster != nil, self.task != nil, self.container != nil else {
                throw ValidationError("--via exec needs --cluster, --task and --container")
            }
        }

        /// Fetches the dump, or prints the line that does.
        func show(_ output: OutputOptions, _ pick: (ZTunnelDump) -> (json: JSONValue, text: String)) async throws {
            let run = CommandRun()
            try await run.perform {
                if let line = self.line(path: "/config_dump") { return run.console.result(line.text) }
                let dump = try await self.dump(run)
                let picked = pick(dump)
                run.console.result(output.text(picked.json) { _ in picked.text })
            }
        }

        /// The line of `--via exec`; nil without it.
        func line(path: String, method: String = "GET") -> ExecLine? {
            guard self.via == .exec, let cluster, let task, let container else { return nil }
            return ExecLine(cluster: cluster, task: task, container: container, path: path, method: method)
        }

        private func dump(_ run: CommandRun) async throws -> ZTunnelDump {
            guard let file = self.file else {
                return try await run.withTransport { transport in
                    try await ZTunnelAdmin(address: self.address, transport: transport).dump()
                }
            }
            let text = try BoundedInput.text(at: file, mostBytes: AdminClient.mostBytes)
            do {
                var limits = JSONLimits()
                limits.bytes = AdminClient.mostBytes
                return ZTunnelDump(try JSONValue(parsing: text, limits: limits))
            } catch {
                throw CommandFailure("\(file): \(error)", hint: "the file must hold the answer of /config_dump")
            }
        }
    }

    struct Workload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List workloads.", aliases: ["workloads", "w"])
        @OptionGroup var source: Source
        @OptionGroup var output: OutputOptions
        @Option(help: "Only workloads of this namespace.") var workloadNamespace: String?
        @Option(help: "Only workloads of this node.") var workloadNode: String?
        @Option(help: "Only workloads with this address.") var workloadAddress: String?

        func run() async throws {
            let filter = MeshTables.Filter(
                namespace: self.workloadNamespace,
                node: self.workloadNode,
                address: self.workloadAddress
            )
            try await self.source.show(self.output) { dump in
                let json = dump.view.workloads.filter(filter.takes).map(\.json)
                let isWide = self.output.output == .wide
                return (.array(json), MeshTables.workloads(dump.view, filter, isWide: isWide))
            }
        }
    }

    struct Service: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List services.", aliases: ["services", "s"])
        @OptionGroup var source: Source
        @OptionGroup var output: OutputOptions
        @Option(help: "Only services of this namespace.") var serviceNamespace: String?

        func run() async throws {
            let filter = MeshTables.Filter(namespace: self.serviceNamespace)
            try await self.source.show(self.output) { dump in
                let json = dump.view.services.filter { filter.takes($0) }.map(\.json)
                let isWide = self.output.output == .wide
                return (.array(json), MeshTables.services(dump.view, filter, isWide: isWide))
            }
        }
    }

    struct Policy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List policies.", aliases: ["policies", "p"])
        @OptionGroup var source: Source
        @OptionGroup var output: OutputOptions
        @Option(help: "Only policies of this namespace.") var policyNamespace: String?

        func run() async throws {
            let filter = MeshTables.Filter(namespace: self.policyNamespace)
            try await self.source.show(self.output) { dump in
                let json = dump.view.policies.filter { filter.takes($0) }.map(\.json)
                return (.array(json), MeshTables.policies(dump.view, filter))
            }
        }
    }
}
