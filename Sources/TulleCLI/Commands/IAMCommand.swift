import AWSClient
import ArgumentParser

/// An account of AWS as an argument: twelve digits.
struct AccountNumber: ExpressibleByArgument, Sendable {
    let digits: String

    init?(argument: String) {
        guard argument.utf8.count == 12, argument.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.digits = argument
    }
}

/// `tulle iam`: the permissions that the mesh needs, and no others.
struct IAMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iam",
        abstract: "Print the policies of IAM that the mesh needs, and no others.",
        discussion: "Calls nothing of AWS. docs/iam.md says who needs which.",
        subcommands: [Daemon.self, Operator.self, Task.self]
    )

    /// How a policy is written.
    enum Form: String, ExpressibleByArgument, CaseIterable, Sendable {
        case json
        case yaml

        func text(_ document: JSONValue) -> String {
            self == .json ? document.text(.indented(2)) : YAMLText.document(document)
        }
    }

    /// What a policy is narrowed to.
    struct ScopeOptions: ParsableArguments, Sendable {
        @Option(help: "The account, twelve digits.")
        var account: AccountNumber

        @Option(help: "A region; repeatable.")
        var region: [String]

        @Option(name: [.short, .long], help: "How the policy is written.")
        var output: Form = .json

        func validate() throws {
            for region in self.region where !AWSPartition.isPlausible(region: region) {
                throw ValidationError("--region is \"\(region)\"; it must be a region such as eu-west-1")
            }
            guard Set(self.region.map { AWSPartition(region: $0).id }).count == 1 else {
                throw ValidationError("--region names regions of several partitions; make a policy for each")
            }
        }

        func scope(_ clusters: [String] = []) -> PolicyScope {
            PolicyScope(regions: self.region, account: self.account.digits, clusters: clusters)
        }
    }

    /// The clusters of a policy.
    struct ClusterOptions: ParsableArguments, Sendable {
        @Option(help: "Name of an ECS cluster; repeatable. All of the account unless given.")
        var cluster: [String] = []

        func validate() throws {
            let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
            for name in self.cluster where !(1...255).contains(name.count) || !name.allSatisfy(allowed.contains) {
                throw ValidationError("--cluster is \"\(name)\"; it must be a name: letters, digits, - and _")
            }
        }
    }

    static func checkRoles(_ roles: [String], _ option: String) throws {
        for role in roles where RoleARN(role) == nil {
            throw ValidationError("\(option) is \"\(role)\"; it must be a role's ARN")
        }
    }

    /// `tulle iam tulled`.
    struct Daemon: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tulled",
            abstract: "Print the policy of the control plane's role."
        )

        @OptionGroup var options: ScopeOptions
        @OptionGroup var clusters: ClusterOptions

        @Option(help: "Id of a private zone that names are kept in; repeatable.")
        var route53Zone: [String] = []

        @Flag(help: "Zones are configured by name: let them be found, and all zones of the account be written.")
        var findZones = false

        @Option(help: "ARN of the AWS Private CA above the mesh.")
        var privateCA: String?

        @Flag(help: "The Private CA signs every certificate, not one intermediate.")
        var privateCALeaves = false

        @Option(help: "ARN of the secret with the authority's files.")
        var authoritySecret: String?

        @Option(help: "ARN of the KMS key that this secret is encrypted by; not needed for AWS's own key.")
        var secretKey: String?

        @Option(help: "ARN of the DynamoDB table that replicas share.")
        var sharedTable: String?

        @Option(help: "ARN of a role that is assumed, such as in another account; repeatable.")
        var assumeRole: [String] = []

        @Option(help: "ARN of an SQS queue that events of ECS come by; repeatable.")
        var queue: [String] = []

        func validate() throws {
            for id in self.route53Zone
            where !(1...32).contains(id.utf8.count) || !id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) {
                throw ValidationError("--route53-zone is \"\(id)\"; it must be a zone's id, such as Z0123456789ABC")
            }
            if let text = self.privateCA, Self.authority(text) == nil {
                throw ValidationError("--private-ca is \"\(text)\"; it must be a Private CA's ARN")
            }
            guard !self.privateCALeaves || self.privateCA != nil else {
                throw ValidationError("--private-ca-leaves needs --private-ca")
            }
            if let text = self.authoritySecret, Self.arn(text, "secretsmanager", "secret:") == nil {
                throw ValidationError("--authority-secret is \"\(text)\"; it must be a secret's ARN")
            }
            if let text = self.secretKey, Self.arn(text, "kms", "key/") == nil {
                throw ValidationError("--secret-key is \"\(text)\"; it must be a KMS key's ARN")
            }
            guard self.secretKey == nil || self.authoritySecret != nil else {
                throw ValidationError("--secret-key needs --authority-secret")
            }
            if let text = self.sharedTable, Self.arn(text, "dynamodb", "table/") == nil {
                throw ValidationError("--shared-table is \"\(text)\"; it must be a table's ARN")
            }
            for text in self.queue where Self.queue(text) == nil {
                throw ValidationError("--queue is \"\(text)\"; it must be a queue's ARN")
            }
            try IAMCommand.checkRoles(self.assumeRole, "--assume-role")
        }

        private static func queue(_ text: String) -> ARN? {
            ARN(parsing: text).flatMap { $0.service == "sqs" && !$0.resource.isEmpty ? $0 : nil }
        }

        private static func authority(_ text: String) -> ARN? {
            Self.arn(text, "acm-pca", "certificate-authority/")
        }

        /// The ARN of a resource of this service and form.
        private static func arn(_ text: String, _ service: String, _ prefix: String) -> ARN? {
            ARN(parsing: text).flatMap {
                $0.service == service && $0.resource.hasPrefix(prefix) && $0.resource != prefix ? $0 : nil
            }
        }

        func run() async throws {
            let permissions = DaemonPermissions(
                scope: self.options.scope(self.clusters.cluster),
                zones: self.route53Zone,
                findsZones: self.findZones,
                authority: self.privateCA.flatMap(Self.authority),
                signsLeaves: self.privateCALeaves,
                secret: self.authoritySecret.flatMap { Self.arn($0, "secretsmanager", "secret:") },
                secretKey: self.secretKey.flatMap { Self.arn($0, "kms", "key/") },
                table: self.sharedTable.flatMap { Self.arn($0, "dynamodb", "table/") },
                roles: self.assumeRole,
                queues: self.queue.compactMap(Self.queue)
            )
            CommandRun().console.result(self.options.output.text(permissions.document.json))
        }
    }

    /// `tulle iam operator`.
    struct Operator: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "operator",
            abstract: "Print the policy of people and pipelines that enrol services."
        )

        @OptionGroup var options: ScopeOptions
        @OptionGroup var clusters: ClusterOptions

        @Option(help: "ARN of a task or execution role that definitions name; repeatable. All unless given.")
        var passRole: [String] = []

        @Flag(help: "Include what 'tulle doctor' reads.")
        var doctor = false

        @Flag(help: "Reading only: list, dry runs, and doctor.")
        var readOnly = false

        func validate() throws {
            try IAMCommand.checkRoles(self.passRole, "--pass-role")
        }

        func run() async throws {
            let permissions = OperatorPermissions(
                scope: self.options.scope(self.clusters.cluster),
                roles: self.passRole,
                doctors: self.doctor,
                onlyReads: self.readOnly
            )
            CommandRun().console.result(self.options.output.text(permissions.document.json))
        }
    }

    /// `tulle iam task`.
    struct Task: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "task",
            abstract: "Print the trust policy of task roles.",
            discussion: """
                A task role of the mesh needs no permission: ztunnel signs GetCallerIdentity, which everybody may call, \
                and the control plane sends it.
                """
        )

        @OptionGroup var options: ScopeOptions

        @Flag(help: "Print what ECS Exec needs of the role instead.")
        var exec = false

        func run() async throws {
            let document = self.exec ? TaskTrust.exec.json : TaskTrust.json(self.options.scope())
            let run = CommandRun()
            if !self.exec { run.console.step("this is the role's trust; it needs no permission for the mesh") }
            run.console.result(self.options.output.text(document))
        }
    }
}
