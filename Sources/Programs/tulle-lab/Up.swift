import ArgumentParser
import Foundation
import Lab
import Logging

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the lab: an AWS API, a VPC, and whatever services are made in it."
    )

    @OptionGroup var place: Place
    @Flag(help: "Return once the lab is ready, and leave it running.")
    var detach = false
    @Option(help: "The VPC's network.")
    var subnet: String?
    @Option(help: "TCP port of the AWS API.")
    var port = 4510
    @Flag(help: "No namespaces: one loopback address a task, capture by SOCKS only. Needs no root.")
    var loopback = false
    @Flag(name: .customLong("ipv6"), help: "Give tasks IPv6 addresses too, as in dual-stack subnets.")
    var isDualStack = false
    @Option(help: "Port of the ECS agent's introspection on 127.0.0.1; by default 51678, or any if that is taken.")
    var introspectionPort: Int?
    @Option(help: "Name of the bridge.")
    var bridge = "tulle-lab0"
    @Option(help: "The AWS region.")
    var region = "us-east-1"
    @Option(help: "JSON file with {\"images\": {…}}: what stands for a container image.")
    var config: String?
    @Option(help: "A Python that has moto; by default the project's .venv/bin/python3.")
    var python: String?
    @Option(help: "The project's scripts/lab directory.")
    var scripts: String?
    @Option(help: "Address of a resolver for names that no private zone has; by default they don't exist.")
    var dnsUpstream: String?

    func run() async throws {
        try await failing {
            let configuration = try self.labConfiguration()
            if configuration.mode == .loopback { self.explainLoopback() }
            if self.detach {
                let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--detach" }
                try await LabLauncher(self.place.files).start(Array(arguments))
                print(self.summary(configuration))
            } else {
                try await self.runInForeground(configuration)
            }
        }
    }

    private func runInForeground(_ configuration: LabConfiguration) async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        let lab = Lab(configuration, logger: Logger(label: "lab"))
        let summary = self.summary(configuration)
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { Task { await lab.stop() } }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await lab.run { _ in
            print(summary)
            fflush(nil)
        }
    }

    private func labConfiguration() throws -> LabConfiguration {
        let programs = (try LabLauncher.program() as NSString).deletingLastPathComponent
        let scripts = try self.scripts ?? Self.findScripts(from: programs)
        let project = ((scripts as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
        var images = ImageTable.standard(scripts: scripts, programs: programs)
        if let config = self.config { images = images.merging(try ImageTable.read(path: config)) }
        return LabConfiguration(
            stateDirectory: self.place.files.root,
            network: try IPv4Network(parsing: self.subnet ?? (self.loopback ? "127.77.0.0/16" : "10.77.0.0/16")),
            isDualStack: self.isDualStack,
            introspectionPort: self.introspectionPort,
            apiPort: self.port,
            mode: self.loopback ? .loopback : .namespaces,
            bridge: self.bridge,
            region: self.region,
            python: self.python ?? "\(project)/.venv/bin/python3",
            scripts: scripts,
            images: images,
            upstreamResolver: self.dnsUpstream
        )
    }

    /// scripts/lab of the project that this program was built in, or that the shell stands in.
    private static func findScripts(from programs: String) throws -> String {
        for start in [programs, FileManager.default.currentDirectoryPath] {
            var directory = start
            while directory != "/", !directory.isEmpty {
                let candidate = "\(directory)/scripts/lab"
                if FileManager.default.fileExists(atPath: "\(candidate)/moto_server.py") { return candidate }
                directory = (directory as NSString).deletingLastPathComponent
            }
        }
        throw LabError(.invalidConfiguration, "can't find the project's scripts/lab: name it with --scripts")
    }

    private func explainLoopback() {
        let lines = """
            • without namespaces: each task has an address in 127.77.0.0/16 (environment TULLE_LAB_ADDRESS);
              proxyConfiguration and the VPC resolver are off, so capture works by SOCKS only

            """
        FileHandle.standardError.write(Data(lines.utf8))
    }

    private func summary(_ configuration: LabConfiguration) -> String {
        """
        • lab is up: AWS API at \(configuration.apiURL), region \(configuration.region), network \(configuration.network)
        • to speak to it: source \(self.place.files.environment)
        """
    }
}
