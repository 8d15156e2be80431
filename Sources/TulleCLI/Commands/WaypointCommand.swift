import AWSClient
import ArgumentParser

extension WaypointGateway.Traffic: ExpressibleByArgument {}

/// `tulle waypoint`: the L7 proxies of services, as `istioctl waypoint`.
struct WaypointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waypoint",
        abstract: "Declare, list and delete waypoints.",
        subcommands: [Apply.self, Generate.self, List.self, Status.self, Delete.self, EndSessions.self]
    )

    /// What a waypoint is.
    struct GatewayOptions: ParsableArguments, Sendable {
        @Option(help: "The waypoint's name, a DNS label.") var name: MeshName?
        @Option(name: .customLong("for"), help: "What it is for.") var traffic: WaypointGateway.Traffic?
        @Option(name: [.short, .long], help: "The revision that it is of, a DNS label.") var revision: MeshName?
        @Option(name: [.customShort("n"), .long], help: "The namespace, a DNS label; default if not given.")
        var namespace: MeshName?

        var gateway: WaypointGateway {
            WaypointGateway(
                name: self.name?.text ?? WaypointGateway.usualName,
                namespace: self.namespace?.text ?? NamespaceOptions.usual,
                traffic: self.traffic,
                revision: self.revision?.text
            )
        }
    }

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a waypoint's Gateway, and do nothing.")
        @OptionGroup var gateway: GatewayOptions

        func run() async throws {
            CommandRun().console.result(YAMLText.document(self.gateway.gateway.json))
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Declare a waypoint.")
        @OptionGroup var gateway: GatewayOptions
        @Flag(help: "Have the namespace's services go through it.") var enrollNamespace = false
        @Flag(help: "Bind a namespace that uses another waypoint to this one.") var overwrite = false
        @Flag(name: [.short, .long], help: "Wait until it is programmed.") var wait = false
        @Option(help: "How many seconds to wait.") var waypointTimeout = 90
        @OptionGroup var connection: ControlPlaneOptions

        func validate() throws {
            guard (1...86_400).contains(self.waypointTimeout) else {
                throw ValidationError("--waypoint-timeout is \(self.waypointTimeout); allowed are 1 to 86400 seconds")
            }
        }

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                try await run.withAdmin(self.connection) { admin in
                    let command = ApplyWaypoint(
                        gateway: self.gateway.gateway,
                        enrolsNamespace: self.enrollNamespace,
                        overwrites: self.overwrite
                    )
                    try await command.run(admin, console: run.console)
                    guard self.wait else { return }
                    let wait = WaypointWait(
                        namespace: command.gateway.namespace,
                        names: [command.gateway.name],
                        timeout: .seconds(self.waypointTimeout)
                    )
                    _ = try await wait.run(admin)
                    run.console.done("waypoint \(command.gateway.namespace)/\(command.gateway.name) is programmed")
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List waypoints.")
        @OptionGroup var namespace: NamespaceOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let found = try await run.withAdmin(self.connection) { admin in
                    try await admin.resources(kind: "Gateway", namespace: self.namespace.filter)
                }
                .filter(WaypointGateway.isWaypoint)
                run.console.result(
                    self.output.text(["items": .array(found.map(\.json))]) { _ in
                        WaypointTables.list(found, showsNamespace: self.namespace.allNamespaces)
                    }
                )
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the conditions of waypoints.")
        @OptionGroup var namespace: NamespaceOptions
        @Flag(name: [.customShort("w"), .long], inversion: .prefixedNo, help: "Wait until they are programmed.")
        var wait = true
        @Option(help: "How many seconds to wait.") var waypointTimeout = 90
        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let found = try await run.withAdmin(self.connection) { admin in
                    if self.wait {
                        let timeout = Duration.seconds(min(max(1, self.waypointTimeout), 86_400))
                        return try await WaypointWait(namespace: self.namespace.filter, names: [], timeout: timeout)
                            .run(admin)
                    }
                    return try await admin.resources(kind: "Gateway", namespace: self.namespace.filter)
                        .filter(WaypointGateway.isWaypoint)
                }
                run.console.result(
                    self.output.text(["items": .array(found.map(\.json))]) { _ in
                        WaypointTables.status(found, showsNamespace: self.namespace.allNamespaces)
                    }
                )
            }
        }
    }

    struct EndSessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "end-sessions",
            abstract: "Make the secret behind sessions anew, so that every session at a waypoint begins anew."
        )
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                try await run.withAdmin(self.connection) { try await WaypointCommand.endSessions($0, run.console) }
            }
        }
    }

    /// Ends the sessions of the mesh, and says when all replicas of the control plane follow.
    static func endSessions(_ admin: AdminClient, _ console: Console) async throws {
        _ = try await admin.call("DELETE", "/v1/sessions")
        console.done("sessions: the secret is made anew; further replicas hand it out within 30 s")
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete waypoints.")
        @Argument(help: "Names of the waypoints.") var names: [String] = []
        @Flag(help: "All waypoints of the namespace.") var all = false
        @Option(name: [.short, .long], help: "The namespace, a DNS label; default if not given.") var namespace:
            MeshName?
        @OptionGroup var connection: ControlPlaneOptions

        func validate() throws {
            guard self.all != !self.names.isEmpty else {
                throw ValidationError("give the names of the waypoints, or --all, and not both")
            }
        }

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let command = DeleteWaypoints(
                    namespace: self.namespace?.text ?? NamespaceOptions.usual,
                    names: self.names,
                    all: self.all
                )
                try await run.withAdmin(self.connection) { try await command.run($0, console: run.console) }
            }
        }
    }
}
