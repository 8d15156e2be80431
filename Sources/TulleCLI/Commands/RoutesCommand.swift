import AWSClient
import ArgumentParser

/// `tulle routes`: what waypoints do with a service.
struct RoutesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "Show what waypoints do with a service.",
        discussion: """
            Routes are shown in the order in which they are tried. With -o wide each destination is shown as well, with \
            what is spoken to it and how its endpoints are chosen.
            """
    )

    @Argument(help: "The service's short name or host name; all without one.") var service: String?
    @OptionGroup var namespace: NamespaceOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            try await run.withAdmin(self.connection) { admin in
                try await Self.show(
                    admin,
                    service: self.service,
                    namespace: self.namespace.filter,
                    output: self.output,
                    console: run.console
                )
            }
        }
    }

    static func show(
        _ admin: AdminClient,
        service: String?,
        namespace: String?,
        output: OutputOptions,
        console: Console
    ) async throws {
        var query: [String] = []
        if let namespace { query.append("namespace=\(AdminClient.encoded(namespace))") }
        if let service { query.append("name=\(AdminClient.encoded(service))") }
        let path = "/v1/routes" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
        let answer = try await admin.call("GET", path)
        let routes = answer["routes"]?.array ?? []
        if let service, routes.isEmpty {
            throw CommandFailure(
                "no waypoint stands in front of \"\(service)\"",
                hint: "'tulle waypoint list -A' lists waypoints; the label istio.io/use-waypoint binds a service"
            )
        }
        console.result(output.text(answer) { RouteTables.text(routes, isWide: $0) })
    }
}
