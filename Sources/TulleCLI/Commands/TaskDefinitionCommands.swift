import AWSClient
import ArgumentParser

/// `tulle ecs add-task-definition`.
struct AddTaskDefinitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-task-definition",
        abstract: "Enrol a task definition that runs without a service: by RunTask, or on a schedule.",
        discussion: """
            Registers a new revision with a ztunnel, and with tags that say who its tasks are. Can be undone with \
            remove-task-definition. To edit a file and call nothing of AWS, use add-service with --task-definition.
            """
    )

    @Argument(help: "Family, family:revision or ARN of the task definition.")
    var family: String

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var edit: EnrolmentOptions
    @OptionGroup var preview: PreviewOptions
    @OptionGroup var aws: AWSOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let enrolment = try await self.edit.enrolment(of: self.mesh, run)
            let family = TaskFamily(self.family)
            try await run.withECS(self.aws) { ecs in
                let plan = try await family.planAdding(
                    enrolment,
                    namespace: self.mesh.namespace,
                    serviceAccount: self.mesh.serviceAccount,
                    ecs,
                    console: run.console
                )
                if self.preview.shows(plan, run.console) { return }
                try await family.register(plan, ecs, console: run.console)
            }
        }
    }
}

/// `tulle ecs remove-task-definition`.
struct RemoveTaskDefinitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-task-definition",
        abstract: "Withdraw a task definition that runs without a service, and put back what was there."
    )

    @Argument(help: "Family, family:revision or ARN of the task definition.")
    var family: String

    @OptionGroup var preview: PreviewOptions
    @OptionGroup var aws: AWSOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let family = TaskFamily(self.family)
            try await run.withECS(self.aws) { ecs in
                let plan = try await family.planRemoving(ecs, console: run.console)
                if self.preview.shows(plan, run.console) { return }
                try await family.register(plan, ecs, console: run.console)
            }
        }
    }
}

/// Whether a change is only shown.
struct PreviewOptions: ParsableArguments, Sendable {
    @Option(help: "Print this and write nothing.")
    var render: Rendering?

    @Flag(help: "Read everything, show the change, write nothing.")
    var dryRun = false

    /// Shows the plan, where that is all that is wanted.
    func shows(_ plan: TaskFamily.Plan, _ console: Console) -> Bool {
        guard self.dryRun || self.render != nil else { return false }
        console.result((self.render ?? .diff).text(before: plan.before, after: plan.after))
        if self.dryRun { console.done("dry run: would register this") }
        return true
    }
}
