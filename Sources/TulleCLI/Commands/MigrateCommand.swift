import AWSClient
import ArgumentParser

/// `tulle migrate`: out of other meshes.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Turn another mesh's configuration into ours, as files.",
        subcommands: [AppMesh.self]
    )

    /// `tulle migrate appmesh`.
    struct AppMesh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "appmesh",
            abstract: "Turn exports of AWS App Mesh into configuration and task definitions.",
            discussion: """
                Reads the output of 'aws appmesh describe-…', 'aws ecs describe-task-definition' and, where it is there, \
                'aws ecs describe-services'. Writes files and applies nothing. Ends with status 1 when something could \
                not be carried over; the files are there then too. docs/migrate-appmesh.md leads through the whole move.
                """
        )

        @OptionGroup var files: FileOptions

        @Option(help: "The directory that is written; must be empty or missing.")
        var out: String

        @Option(name: [.short, .long], help: "Namespace that all of it joins, as a DNS label.")
        var namespace: MeshName

        @Option(help: "The mesh to take, where the exports are of several.")
        var mesh: String?

        @Option(help: "Image of the ztunnel container; TULLE_ZTUNNEL_IMAGE unless given.")
        var image: String?

        @Option(
            help: "A file with the answer of the control plane's /bootstrap; asked of --control-plane unless given."
        )
        var bootstrapFacts: String?

        @Flag(help: "Write no task definitions, so that no control plane is needed.")
        var skipTaskDefinitions = false

        @Flag(help: "Replace files of the same names in --out.")
        var overwrite = false

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ControlPlaneOptions

        func validate() throws {
            guard !self.skipTaskDefinitions || (self.bootstrapFacts == nil && self.image == nil) else {
                throw ValidationError("--skip-task-definitions makes --bootstrap-facts and --image useless")
            }
            guard !self.out.isEmpty else { throw ValidationError("--out is empty") }
        }

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let inputs = try ConfigurationInput.read(self.files.files, suffixes: [".json"])
                var migration = AppMeshMigration(namespace: self.namespace, mesh: self.mesh)
                if !self.skipTaskDefinitions { migration.definitions = try await self.definitions(run) }
                let outcome = try migration.run(inputs)
                try MigrationFiles(path: self.out, overwrites: self.overwrite).write(outcome.files)
                run.console.result(self.output.text(outcome.report.json) { _ in outcome.report.text })
                run.console.done(
                    "wrote \(Count.of(outcome.files.count, "file")) below \(self.out); nothing was applied"
                )
                if outcome.report.count(.lost) > 0 { throw ExitStatus.failure.code }
            }
        }

        private func definitions(_ run: CommandRun) async throws -> DefinitionTranslation {
            let given = self.image ?? run.environment["TULLE_ZTUNNEL_IMAGE"] ?? ""
            guard !given.isEmpty else {
                throw EnrolmentRefusal(
                    .imageMissing,
                    "no image for the ztunnel containers",
                    hint: "pass --image, set TULLE_ZTUNNEL_IMAGE, or pass --skip-task-definitions"
                )
            }
            let facts: ControlPlaneFacts
            if let path = self.bootstrapFacts {
                let text = try BoundedInput.text(at: path)
                do {
                    facts = try ControlPlaneFacts(try JSONValue(parsing: text))
                } catch let error as JSONError {
                    throw CommandFailure("\(path): \(error)", hint: "it must hold the answer of tulled's /bootstrap")
                }
            } else {
                facts = try await run.controlPlane(self.connection)
            }
            return DefinitionTranslation(facts: facts, image: given, namespace: self.namespace)
        }
    }
}
