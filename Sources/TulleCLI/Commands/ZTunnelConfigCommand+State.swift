import AWSClient
import ArgumentParser

extension ZTunnelConfigCommand {
    struct Certificate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List certificates.",
            aliases: ["certificates", "certs", "cert"]
        )
        @OptionGroup var source: Source
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await self.source.show(self.output) { ($0.json["certificates"] ?? [], $0.certificates) }
        }
    }

    struct Connections: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List live connections.",
            aliases: ["connection", "cons"]
        )
        @OptionGroup var source: Source
        @OptionGroup var output: OutputOptions
        @Option(help: "Only this direction.") var direction: ZTunnelDump.Direction?
        @Flag(help: "Show addresses as they are, without names.") var raw = false
        @Option(help: "Only workloads of this namespace.") var workloadNamespace: String?

        func run() async throws {
            try await self.source.show(self.output) { dump in
                let text = dump.connections(self.direction, namespace: self.workloadNamespace, isRaw: self.raw)
                return (dump.json["workloadState"] ?? [:], text)
            }
        }
    }

    struct All: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all of the above.", aliases: ["a"])
        @OptionGroup var source: Source
        @OptionGroup var output: OutputOptions
        @Flag(help: "Put a title over each table.") var withHeaders = false

        func run() async throws {
            try await self.source.show(self.output) { dump in
                let tables = [
                    ("Workloads", MeshTables.workloads(dump.view)), ("Services", MeshTables.services(dump.view)),
                    ("Policies", MeshTables.policies(dump.view)), ("Certificates", dump.certificates),
                    ("Connections", dump.connections()),
                ]
                let text = tables.map { self.withHeaders ? "\($0):\n\($1)" : $1 }.joined(separator: "\n\n")
                return (dump.json, text)
            }
        }
    }

    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show or set the log level.", aliases: ["l"])
        @OptionGroup var source: Source
        @Option(help: "A level, or levels by module, such as info or access=debug,info.") var level: String?
        @Flag(name: [.short, .long], help: "Go back to the level of the start.") var reset = false

        func validate() throws {
            guard self.source.file == nil else { throw ValidationError("a file has no log level; leave --file out") }
        }

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let path = ZTunnelAdmin.logPath(level: self.level, isReset: self.reset)
                if let line = self.source.line(path: path, method: "POST") { return run.console.result(line.text) }
                let text = try await run.withTransport { transport in
                    try await ZTunnelAdmin(address: self.source.address, transport: transport)
                        .log(level: self.level, isReset: self.reset)
                }
                run.console.result(text)
            }
        }
    }
}

extension ZTunnelDump.Direction: ExpressibleByArgument {}
