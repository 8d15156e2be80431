import AWSClient
import ArgumentParser
import MeshConfig

extension FindingCode.Severity: ExpressibleByArgument {}

extension AnalysisReport.Suppression: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

/// `tulle analyze`: what is wrong between resources.
struct AnalyzeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze",
        abstract: "Find what is valid one by one and wrong together.",
        discussion: """
            Looks at what the mesh has declared and knows, with the files of -f in the place of what they would \
            replace. With --offline only at the files. With --cluster also at the roles of that cluster's services. \
            Ends with status 1 when something is as grave as --failure-threshold. docs/analysis.md explains each code.
            """
    )

    /// How findings are written.
    enum Form: String, ExpressibleByArgument, CaseIterable, Sendable {
        case log
        case json
        case yaml
    }

    @Option(name: [.customShort("f"), .customLong("filename")], help: "A file, a directory, or - for standard input.")
    var files: [String] = []

    @Flag(help: "Look at the files only, without a mesh.")
    var offline = false

    @Option(help: "Name or ARN of an ECS cluster whose services' roles are looked at too.")
    var cluster: String?

    @Option(name: [.short, .long], help: "How findings are written.")
    var output: Form = .log

    @Option(help: "How grave a finding makes the status 1.")
    var failureThreshold: FindingCode.Severity = .error

    @Option(help: "How grave a finding must be to be shown.")
    var outputThreshold: FindingCode.Severity = .info

    @Option(name: [.customShort("S"), .long], help: "Leave a finding out: 'CODE=Kind name.namespace', * for any.")
    var suppress: [AnalysisReport.Suppression] = []

    @Flag(name: [.customShort("L"), .long], help: "List the codes that there are, and do nothing.")
    var listAnalyzers = false

    @OptionGroup var aws: AWSOptions
    @OptionGroup var connection: ControlPlaneOptions

    func validate() throws {
        guard !self.offline || !self.files.isEmpty else { throw ValidationError("--offline needs -f") }
        guard !self.offline || self.cluster == nil else {
            throw ValidationError("--offline and --cluster exclude each other")
        }
    }

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            if self.listAnalyzers { return run.console.result(AnalysisReport.catalogue) }
            let local = LocalConfiguration(try ConfigurationInput.read(self.files))
            for diagnostic in local.diagnostics { run.console.warning(PlainLine.text("\(diagnostic)")) }
            let findings = try await self.findings(local, run)
            let report = AnalysisReport(findings, atLeast: self.outputThreshold, suppressed: self.suppress)
            let broken = local.count(.error)
            switch self.output {
            case .log where broken > 0 && report.findings.isEmpty:
                run.console.result(
                    "\(Count.of(broken, "error")) in the files; what those documents declare was not analyzed"
                )
            case .log: run.console.result(report.text)
            case .json: run.console.result(report.json.text(.indented(2)))
            case .yaml: run.console.result(YAMLText.document(report.json))
            }
            let all = AnalysisReport(findings, suppressed: self.suppress)
            if all.reaches(self.failureThreshold) || local.count(.error) > 0 { throw ExitStatus.failure.code }
        }
    }

    private func findings(_ local: LocalConfiguration, _ run: CommandRun) async throws -> [Finding] {
        if self.offline { return Analyzer.findings(in: local.resources) }
        var roles: [AnalysisFacts.Role] = []
        if let cluster {
            roles = try await run.withECS(self.aws) { ecs in
                try await RoleDirectory(ecs, cluster: cluster).roles().filter(\.isEnrolled)
                    .map { .init(arn: $0.arn, user: $0.users(of: cluster)) }
            }
        }
        return try await run.withAdmin(self.connection) { admin in
            try await Self.findings(local, roles: roles, admin)
        }
    }

    /// Analyses the mesh with local resources in the place of those with the same key.
    static func findings(
        _ local: LocalConfiguration,
        roles: [AnalysisFacts.Role],
        _ admin: AdminClient
    ) async throws -> [Finding] {
        let replaced = Set(local.resources.map(\.key))
        let live = LiveConfiguration.resources(try await admin.resources()).filter { !replaced.contains($0.key) }
        let view = try await admin.meshView()
        return Analyzer.findings(in: live + local.resources, facts: AnalysisFacts(view, roles: roles))
    }
}
