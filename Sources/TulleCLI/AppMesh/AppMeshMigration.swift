import AWSClient
import MeshConfig

/// `tulle migrate appmesh`: a mesh of App Mesh as files of ours. Pure: exports in, texts and a report out.
struct AppMeshMigration {
    /// Where everything goes.
    var namespace: MeshName
    /// The mesh to take of several.
    var mesh: String?
    /// What makes task definitions; nil leaves them out.
    var definitions: DefinitionTranslation?

    /// What came out.
    struct Output: Sendable {
        /// Texts by their path below the output directory, in order.
        var files: [File] = []
        var report = MigrationReport()
    }

    /// One text.
    struct File: Sendable, Hashable {
        var path: String
        var text: String
    }

    /// What files say at their top that are not for the first step.
    private static let heads: [(folder: String, text: String)] = [
        ("later/", "# Apply this when nobody calls in plain text any more: see report.txt.\n"),
        (
            "suggestions/",
            "# Backends of App Mesh turned round: only those that had a service as a backend may call it. App Mesh never\n"
                + "# refused anybody, so look this over; load balancers, for one, have no identity and would be refused.\n"
        ),
    ]

    /// Translates the exports.
    /// - Throws: `CommandFailure` for what can't be read, with file and field.
    func run(_ inputs: [ConfigurationInput]) throws -> Output {
        let export = try AppMeshExport(inputs, mesh: self.mesh)
        var output = Output()
        output.report.mesh = export.resources.first?.mesh ?? ""
        output.report.read =
            AppMeshExport.Kind.allCases.map { .init(kind: $0.rawValue, count: export.all($0).count) }
            + [
                .init(kind: "taskDefinition", count: export.definitions.count),
                .init(kind: "service", count: export.services.count),
            ]
        for title in export.deleted { output.report.add(.note, title, nil, "was deleted; it is left out") }
        var names = try MeshNames(export, report: &output.report)
        let mesh = try self.configuration(export, &names, report: &output.report)
        for (path, documents) in mesh where !documents.isEmpty {
            let head = Self.heads.filter { path.hasPrefix($0.folder) }.map(\.text).joined()
            output.files.append(File(path: path, text: head + YAMLText.documents(documents) + "\n"))
        }
        try Self.validate(output.files, report: &output.report)
        self.taskDefinitions(names.nodes, into: &output)
        Self.gateways(export, report: &output.report)
        try Self.meshSpec(export, report: &output.report)
        for resource in export.resources {
            for field in resource.spec.unsettled {
                output.report.add(.lost, resource.title, field, "is not carried over")
            }
        }
        output.report.files = output.files.map(\.path) + ["report.txt", "report.json"]
        output.files.append(File(path: "report.txt", text: output.report.text + "\n"))
        output.files.append(File(path: "report.json", text: output.report.json.text(.indented(2)) + "\n"))
        return output
    }

    private func configuration(
        _ export: AppMeshExport,
        _ names: inout MeshNames,
        report: inout MigrationReport
    ) throws -> [(path: String, documents: [JSONValue])] {
        let namespace = self.namespace.text
        let routers = try VirtualServiceTranslation(export, &names, namespace: namespace, report: &report)
        var rules: [JSONValue] = []
        var checks: [JSONValue] = []
        var modes: [(node: AppMeshNode, modes: [Int: String])] = []
        for node in names.nodes {
            let translated = try NodeTranslation(node, namespace: namespace, report: &report)
            if let rule = translated.destinationRule { rules.append(rule) }
            checks += translated.healthChecks
            modes.append((node, translated.modes))
        }
        let backends = try BackendTranslation(names.nodes, known: Set(names.leads.keys), report: &report)
        let hasWaypoint = !(routers.routes.isEmpty && rules.isEmpty && checks.isEmpty)
        var labels: JSONValue = [:]
        if hasWaypoint {
            labels = [WaypointGateway.Label.use: .string(WaypointGateway.usualName)]
            report.add(
                .note,
                "mesh/\(report.mesh)",
                nil,
                "routes, limits and checks are the work of a waypoint: run one before tasks move (docs/waypoint.md)"
            )
        }
        let suggestions = backends.policies(
            names,
            entries: routers.entryNames,
            in: namespace,
            trustDomain: self.definitions?.facts.trustDomain ?? "cluster.local",
            hasWaypoint: hasWaypoint
        )
        return [
            (
                "mesh/namespace.yaml",
                [
                    [
                        "apiVersion": "v1", "kind": "Namespace",
                        "metadata": ["name": .string(namespace), "labels": labels],
                    ]
                ]
            ),
            ("mesh/waypoint.yaml", hasWaypoint ? [WaypointGateway(namespace: namespace).json] : []),
            ("mesh/bindings.yaml", names.bindings(in: self.namespace, report: &report)),
            ("mesh/services.yaml", names.entries(in: namespace) + routers.entries),
            ("mesh/routes.yaml", routers.routes),
            ("mesh/destinations.yaml", rules),
            ("mesh/health.yaml", checks),
            ("later/authentication.yaml", PeerModeTranslation.policies(modes, namespace: namespace, report: &report)),
            ("suggestions/authorization.yaml", suggestions),
        ]
    }

    private func taskDefinitions(_ nodes: [AppMeshNode], into output: inout Output) {
        for node in nodes {
            guard let found = node.definition,
                let definition = self.definitions?.translate(node, report: &output.report)
            else { continue }
            let path = "taskdefinitions/\(found.definition.family).json"
            let file = File(path: path, text: definition.document.text(TaskDefinition.layout) + "\n")
            output.files.append(file)
            output.report.steps.append(self.step(node, found, path: path, report: &output.report))
        }
    }

    private func step(
        _ node: AppMeshNode,
        _ found: AppMeshExport.Definition,
        path: String,
        report: inout MigrationReport
    ) -> MigrationStep {
        if node.service == nil {
            report.add(
                .note,
                node.resource.title,
                nil,
                "no export is of its service of ECS; the name is taken to be the family's, \(found.definition.family)"
            )
        }
        var tags: [MigrationStep.MeshTag] = [
            .init(key: ECSService.Tag.namespace, value: self.namespace.text),
            .init(key: ECSService.Tag.serviceAccount, value: node.account),
            .init(key: ECSService.Tag.mode, value: CaptureMode.appmesh.rawValue),
        ]
        if let host = node.host {
            let names = [host] + node.aliases
            // What one tag takes (TagReader in ECSDiscovery, and AWS's own 256 characters).
            let value = names.joined(separator: " ")
            if names.count > 8 || value.utf8.count > 256 {
                report.add(.lost, node.resource.title, nil, "it has more names than a tag holds: \(value)")
            }
            tags.append(.init(key: "tulle/hostname", value: value))
        }
        if let ports = node.portsTag { tags.append(.init(key: "tulle/ports", value: ports)) }
        return MigrationStep(
            virtualNode: node.resource.name,
            service: node.service?.name ?? found.definition.family,
            arn: node.service?.arn,
            family: found.definition.family,
            file: path,
            tags: tags
        )
    }

    private static func gateways(_ export: AppMeshExport, report: inout MigrationReport) {
        for resource in export.all(.virtualGateway) + export.all(.gatewayRoute) {
            resource.spec.settle()
            report.add(
                .lost,
                resource.title,
                resource.spec,
                "there is no ingress gateway: have a load balancer of AWS lead to the services (docs/migrate-appmesh.md)"
            )
        }
    }

    private static func meshSpec(_ export: AppMeshExport, report: inout MigrationReport) throws(CommandFailure) {
        for resource in export.all(.mesh) {
            if let type = try resource.spec.at("egressFilter")?.at("type"), try type.text() == "DROP_ALL" {
                report.add(
                    .lost,
                    resource.title,
                    type,
                    "tasks may call what is outside the mesh; restrict that by their security groups"
                )
            }
            if let preference = try resource.spec.at("serviceDiscovery")?.at("ipPreference") {
                let word = try preference.text()
                report.add(.changed, resource.title, preference, "\(word) has no counterpart: ECS redirects IPv4 only")
            }
        }
    }

    /// What we write must be what `tulle validate` takes; anything else is a fault of this program.
    private static func validate(_ files: [File], report: inout MigrationReport) throws(CommandFailure) {
        let local = LocalConfiguration(files.map { ConfigurationInput(name: $0.path, text: $0.text) })
        for diagnostic in local.diagnostics {
            guard diagnostic.severity == .error else {
                report.add(.note, "\(diagnostic.place)", nil, "\(diagnostic.field): \(diagnostic.reason)")
                continue
            }
            throw CommandFailure(
                PlainLine.text("what came out is not valid, so nothing is written: \(diagnostic)"),
                hint: "the export holds a value that has no place in the mesh; change it there and run this again"
            )
        }
    }
}
