import AWSClient
package import ArgumentParser

/// `tulle version`.
package struct VersionCommand: AsyncParsableCommand {
    /// The version of this source tree.
    package static let version = "0.1.0"

    package static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of this program and of the control plane."
    )

    @Flag(help: "Only this program's.")
    var client = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ControlPlaneOptions

    package init() {}

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            var server: JSONValue?
            if !self.client {
                do {
                    server = try await run.withAdmin(self.connection) { try await $0.call("GET", "/v1/version") }
                } catch let failure as CommandFailure where failure.status == .unavailable {
                    // Its own version is an answer too, so this is no failure.
                    run.console.warning("the control plane's version is not known: \(failure.message)")
                }
            }
            run.console.result(self.output.text(Self.document(server)) { _ in Self.text(server) })
        }
    }

    static func text(_ server: JSONValue?) -> String {
        guard let server else { return "tulle \(Self.version)" }
        return "tulle \(Self.version)\ntulled \(PlainLine.text(server["version"]?.string ?? "unknown"))"
    }

    static func document(_ server: JSONValue?) -> JSONValue {
        var document: JSONValue = ["client": ["version": .string(Self.version)]]
        if let server { document["server"] = server }
        return document
    }
}
