package import ArgumentParser

/// `tulle ecs list-services`.
package struct ListServicesCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "list-services",
        abstract: "List a cluster's services and what of them is in the mesh."
    )

    @Option(help: "Name or ARN of the ECS cluster.")
    var cluster: String

    @Option(help: "How the list is written.")
    var output: ListServices.Output = .table

    @OptionGroup var aws: AWSOptions

    package init() {}

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let text = try await run.withECS(self.aws) { ecs in
                try await ListServices(cluster: self.cluster).run(ecs, output: self.output)
            }
            run.console.result(text)
        }
    }
}
