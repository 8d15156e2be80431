import AWSClient

/// A mesh of App Mesh as its exports show it, with the task definitions and services of ECS that run it.
struct AppMeshExport {
    /// What App Mesh knows, by the member that its describe calls answer with.
    enum Kind: String, CaseIterable {
        case mesh
        case virtualNode
        case virtualService
        case virtualRouter
        case route
        case virtualGateway
        case gatewayRoute

        /// The member with the resource's name.
        var nameMember: String { self == .mesh ? "meshName" : "\(self.rawValue)Name" }

        /// The member with the name of the resource that it belongs to, besides its mesh.
        var ownerMember: String? {
            switch self {
            case .route: "virtualRouterName"
            case .gatewayRoute: "virtualGatewayName"
            default: nil
            }
        }
    }

    /// One resource of App Mesh.
    struct Resource {
        var kind: Kind
        var mesh: String
        /// Router of a route, gateway of a gateway route; empty else.
        var owner: String
        var name: String
        var spec: ExportField

        /// Such as `virtualNode/web`, `route/web-router/main`.
        var title: String {
            self.owner.isEmpty
                ? "\(self.kind.rawValue)/\(self.name)" : "\(self.kind.rawValue)/\(self.owner)/\(self.name)"
        }
    }

    /// One task definition.
    struct Definition {
        var file: String
        /// Empty when it was written for RegisterTaskDefinition.
        var arn: String
        var definition: TaskDefinition
    }

    /// One service of ECS.
    struct Service {
        var name: String
        var arn: String
        /// ARN, `family:revision` or family.
        var taskDefinition: String
    }

    private(set) var resources: [Resource] = []
    private(set) var definitions: [Definition] = []
    private(set) var services: [Service] = []
    /// Resources that were deleted when they were exported.
    private(set) var deleted: [String] = []

    /// Most resources, definitions and services together.
    static let most = 20_000

    /// Reads the files. Of several meshes `mesh` names the one that counts.
    /// - Throws: `CommandFailure` that names file and field, `EnrolmentRefusal` for what is no task definition.
    init(_ inputs: [ConfigurationInput], mesh: String? = nil) throws {
        let ledger = FieldLedger()
        for input in inputs {
            for document in try ExportDocuments.read(input.text, file: input.name) {
                let top = ExportField(file: input.name, path: document.place, value: document.value, ledger: ledger)
                try self.add(top)
                guard self.resources.count + self.definitions.count + self.services.count <= Self.most else {
                    throw CommandFailure("the exports hold more than \(Self.most) things", hint: "export one mesh")
                }
            }
        }
        try self.choose(mesh)
    }

    /// The resources of a kind, by name.
    func all(_ kind: Kind) -> [Resource] { self.resources.filter { $0.kind == kind } }

    /// One resource.
    func resource(_ kind: Kind, _ name: String, of owner: String = "") -> Resource? {
        self.resources.first { $0.kind == kind && $0.name == name && $0.owner == owner }
    }

    private mutating func add(_ top: ExportField) throws {
        var isKnown = false
        for kind in Kind.allCases {
            guard let field = try top.at(kind.rawValue) else { continue }
            isKnown = true
            let name = try field.require(kind.nameMember).text()
            let owner = try kind.ownerMember.map { name throws(CommandFailure) in try field.require(name).text() } ?? ""
            let resource = Resource(
                kind: kind,
                mesh: try field.require("meshName").text(),
                owner: owner,
                name: name,
                spec: try field.require("spec")
            )
            if try field.at("status")?.at("status")?.text() == "DELETED" {
                self.deleted.append(resource.title)
            } else {
                self.resources.append(resource)
            }
        }
        if top.value["taskDefinition"] != nil || top.value["containerDefinitions"] != nil {
            isKnown = true
            let arn = (top.value["taskDefinition"] ?? top.value)["taskDefinitionArn"]?.string ?? ""
            do {
                let definition = try TaskDefinition(top.value)
                self.definitions.append(Definition(file: top.file, arn: arn, definition: definition))
            } catch {
                throw CommandFailure("\(top.file): \(error.message)", hint: error.hint)
            }
        } else if let services = try top.at("services") {
            isKnown = true
            for service in try services.list() {
                let (name, arn) = (try service.require("serviceName"), try service.require("serviceArn"))
                let definition = try service.require("taskDefinition").text()
                self.services.append(
                    Service(name: try name.text(), arn: try arn.text(), taskDefinition: definition)
                )
            }
        }
        guard isKnown else {
            let known = Kind.allCases.map(\.rawValue) + ["taskDefinition", "services"]
            throw top.wrong("must have one of \(known.joined(separator: ", "))")
        }
    }

    /// Keeps one mesh, in the order of names, and refuses what is there twice.
    private mutating func choose(_ mesh: String?) throws(CommandFailure) {
        let meshes = Set(self.resources.map(\.mesh)).sorted()
        guard let first = meshes.first else {
            throw CommandFailure(
                "the exports hold no resource of App Mesh",
                hint: "see docs/migrate-appmesh.md for the calls that export a mesh"
            )
        }
        if let mesh, !meshes.contains(mesh) {
            throw CommandFailure(
                "no export is of mesh \"\(mesh)\"",
                hint: "there are \(meshes.joined(separator: ", "))"
            )
        }
        guard mesh != nil || meshes.count == 1 else {
            throw CommandFailure(
                "the exports are of several meshes: \(meshes.joined(separator: ", "))",
                hint: "choose one with --mesh"
            )
        }
        self.resources = self.resources.filter { $0.mesh == mesh ?? first }
            .sorted { ($0.owner, $0.name) < ($1.owner, $1.name) }
        var places: [String: String] = [:]
        for resource in self.resources {
            guard let before = places.updateValue(resource.spec.file, forKey: resource.title) else { continue }
            throw CommandFailure(
                "\(resource.title) is exported twice, in \(before) and in \(resource.spec.file)",
                hint: "leave the newer one"
            )
        }
        self.definitions.sort { ($0.definition.family, $0.file) < ($1.definition.family, $1.file) }
        for (definition, next) in zip(self.definitions, self.definitions.dropFirst())
        where definition.definition.family == next.definition.family {
            throw CommandFailure(
                "the task definition \(next.definition.family) is there twice, in \(definition.file) and in \(next.file)",
                hint: "leave the revision that runs"
            )
        }
    }
}
