package import ArgumentParser

/// `tulle ecs remove-service`.
package struct RemoveServiceCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "remove-service",
        abstract: "Withdraw a service: take its ztunnel out and put back what was there.",
        discussion: """
            Waits until ECS has replaced all tasks, and takes the tags off last: until then the service keeps its name in \
            the mesh. Ended early, it goes on from there when it is run again. With --task-definition and --render \
            nothing of AWS is called.
            """
    )

    @Argument(help: "Name or ARN of the service.")
    var service: String?

    @Option(help: "Name or ARN of the ECS cluster.")
    var cluster: String?

    @Option(help: "Print this and write nothing.")
    var render: Rendering?

    @Option(help: "Edit the task definition in this file in place of the service's; needs --render.")
    var taskDefinition: String?

    @Flag(help: "Read everything, show the change, write nothing.")
    var dryRun = false

    @Option(help: "Seconds that ECS may take to replace the tasks.")
    var timeout = 900

    @OptionGroup var aws: AWSOptions

    package init() {}

    package func validate() throws {
        if self.taskDefinition != nil {
            guard self.render != nil else { throw ValidationError("--task-definition needs --render json or diff") }
        } else {
            guard self.service != nil else { throw ValidationError("the name of the service is missing") }
            guard self.cluster != nil else { throw ValidationError("--cluster is missing") }
        }
        guard (0...86_400).contains(self.timeout) else { throw ValidationError("--timeout must be 0 to 86400") }
    }

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            if let path = self.taskDefinition, let render = self.render {
                let before = try TaskDefinition(contentsOf: path)
                let outcome = try Withdrawal.apply(to: before)
                run.console.result(render.text(before: before, after: outcome.definition))
                return
            }
            let command = self.removal
            try await run.withECS(self.aws) { ecs in
                guard self.dryRun || self.render != nil else {
                    return try await command.run(ecs, console: run.console)
                }
                let plan = try await command.plan(ecs, console: run.console)
                let rendering = self.render ?? .diff
                run.console.result(
                    rendering.text(before: plan.before, after: plan.outcome?.definition ?? plan.before)
                )
                if self.dryRun {
                    run.console.done("dry run: would register this, roll it out and untag \"\(plan.service.name)\"")
                }
            }
        }
    }

    private var removal: RemoveService {
        var removal = RemoveService(service: self.service ?? "", cluster: self.cluster ?? "")
        removal.patience = .seconds(self.timeout)
        return removal
    }
}
