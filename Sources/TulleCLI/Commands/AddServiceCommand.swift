package import ArgumentParser

/// `tulle ecs add-service`.
package struct AddServiceCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "add-service",
        abstract: "Enrol a service: put a ztunnel into its task definition and roll it out.",
        discussion: """
            Works on the raw JSON of the task definition, so no field is lost, and can be undone with remove-service. \
            With --task-definition and --render nothing of AWS is called.
            """
    )

    @Argument(help: "Name or ARN of the service.")
    var service: String?

    @Option(help: "Name or ARN of the ECS cluster.")
    var cluster: String?

    @OptionGroup var mesh: MeshOptions

    @OptionGroup var edit: EnrolmentOptions

    @Option(help: "Print this and write nothing.")
    var render: Rendering?

    @Option(help: "Edit the task definition in this file in place of the service's; needs --render.")
    var taskDefinition: String?

    @Flag(help: "Read everything, show the change, write nothing.")
    var dryRun = false

    @OptionGroup var aws: AWSOptions

    package init() {}

    package func validate() throws {
        if self.taskDefinition != nil {
            guard self.render != nil else { throw ValidationError("--task-definition needs --render json or diff") }
        } else {
            guard self.service != nil else { throw ValidationError("the name of the service is missing") }
            guard self.cluster != nil else { throw ValidationError("--cluster is missing") }
        }
    }

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let enrolment = try await self.edit.enrolment(of: self.mesh, run)
            if let path = self.taskDefinition, let render = self.render {
                let before = try TaskDefinition(contentsOf: path)
                let outcome = try enrolment.apply(to: before)
                outcome.warnings.forEach(run.console.warning)
                run.console.result(render.text(before: before, after: outcome.definition))
                return
            }
            let command = AddService(
                service: self.service ?? "",
                cluster: self.cluster ?? "",
                namespace: self.mesh.namespace,
                serviceAccount: self.mesh.serviceAccount,
                enrolment: enrolment
            )
            try await run.withECS(self.aws) { ecs in
                guard self.dryRun || self.render != nil else {
                    return try await command.run(ecs, console: run.console)
                }
                let plan = try await command.plan(ecs, console: run.console)
                let rendering = self.render ?? .diff
                run.console.result(rendering.text(before: plan.before, after: plan.outcome.definition))
                if self.dryRun {
                    run.console.done("dry run: would register this, tag \"\(plan.service.name)\" and roll it out")
                }
            }
        }
    }
}
