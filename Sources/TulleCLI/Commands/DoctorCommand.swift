import AWSClient
import ArgumentParser

/// `tulle doctor`: all that can be wrong with an enrolled service, looked at.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check a service from its task definition to its network.",
        discussion: """
            Reads only, from ECS, IAM, EC2, Route 53 and the control plane; a check whose facts cannot be had says so. \
            Ends with status 1 when a check finds an error.
            """
    )

    @Argument(help: "Name or ARN of the service.")
    var service: String

    @Option(help: "Name or ARN of the ECS cluster.")
    var cluster: String

    @Flag(help: "Do not ask the control plane.")
    var offline = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var aws: AWSOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let facts = try await run.withAWS(self.aws) { client in
                try await run.withAdmin(self.connection) { admin in
                    let collector = DoctorCollector(
                        cluster: self.cluster,
                        access: DoctorAccess(client: client),
                        admin: self.offline ? nil : admin
                    )
                    return try await collector.facts(of: self.service)
                }
            }
            let report = DoctorReport(facts)
            run.console.result(self.output.text(report.json) { report.text(isWide: $0) })
            let (errors, warnings) = (report.count(.error), report.count(.warning))
            run.console.step("\(Count.of(errors, "error")), \(Count.of(warnings, "warning"))")
            if errors > 0 { throw ExitStatus.failure.code }
        }
    }
}
