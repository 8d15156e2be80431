import AWSClient
import ArgumentParser

extension RoleARN: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

extension AccountName: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

extension FunctionName: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

/// `tulle ecs list-roles`.
struct ListRolesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list-roles",
        abstract: "List the task roles of a cluster's services, and which service accounts they are bound to."
    )

    @Option(help: "Name or ARN of the ECS cluster.")
    var cluster: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var aws: AWSOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let roles = try await run.withECS(self.aws) { ecs in
                try await RoleDirectory(ecs, cluster: self.cluster).roles()
            }
            var bindings: [JSONValue]?
            do {
                bindings = try await run.withAdmin(self.connection) { admin in
                    try await admin.resources(kind: "ServiceAccountBinding").compactMap { $0.json["spec"] }
                }
            } catch let failure as CommandFailure {
                // The roles themselves are an answer too.
                run.console.warning("what the roles are bound to is not known: \(failure.message)")
            }
            run.console.result(
                self.output.text(RoleTable.json(roles, bindings: bindings)) { _ in
                    RoleTable.text(roles, bindings: bindings)
                }
            )
        }
    }
}

/// `tulle ecs bind-role`.
struct BindRoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bind-role",
        abstract: "Say which service account a role is: of tasks, or of Lambda functions that are named."
    )

    @Argument(help: "The role's ARN, arn:aws:iam::ACCOUNT:role/NAME.")
    var role: RoleARN

    @Argument(help: "The service account as NAMESPACE/NAME, both DNS labels.")
    var account: AccountName

    @Option(help: "A Lambda function that this holds for, in place of tasks; repeatable.")
    var function: [FunctionName] = []

    @Option(help: "The binding's name, a DNS label; made from the role's unless given.")
    var name: MeshName?

    @Flag(help: "Print the ServiceAccountBinding, and do nothing.")
    var print = false

    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let binding = RoleBinding(
                role: self.role,
                account: self.account,
                functions: self.function,
                name: self.name?.text
            )
            if self.print { return run.console.result(YAMLText.document(binding.json)) }
            try await run.withAdmin(self.connection) { admin in
                try await BindRole(binding: binding).run(admin, console: run.console)
            }
        }
    }
}
