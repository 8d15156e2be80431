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
            var query: [String] = []
            if let namespace = self.namespace.filter { query.append("namespace=\(AdminClient.encoded(namespace))") }
            if let service { query.append("name=\(AdminClient.encoded(service))") }
            let path = "/v1/routes" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
            let answer = try await run.withAdmin(self.connection) { try await $0.call("GET", path) }
            let routes = answer["routes"]?.array ?? []
            guard !routes.isEmpty || self.service == nil else {
                throw CommandFailure(
                    "no waypoint stands in front of \"\(self.service ?? "")\"",
                    hint: "'tulle waypoint list -A' lists waypoints; the label istio.io/use-waypoint binds a service"
                )
            }
            run.console.result(self.output.text(answer) { RouteTables.text(routes, isWide: $0) })
        }
    }
}
