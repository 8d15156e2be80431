import AWSClient

/// Who is who: virtual nodes with their task definitions, services of ECS, names and accounts.
struct MeshNames {
    /// In the order of names.
    var nodes: [AppMeshNode]
    /// The virtual nodes that a virtual service leads to, by its name.
    var leads: [String: Set<String>] = [:]

    private let mesh: String

    /// Brings the exports together.
    /// - Throws: `CommandFailure` for what contradicts itself.
    init(_ export: AppMeshExport, report: inout MigrationReport) throws(CommandFailure) {
        self.mesh = FittedLabel.make(report.mesh) ?? "mesh"
        self.nodes = []
        for resource in export.all(.virtualNode) { self.nodes.append(try AppMeshNode(resource)) }
        for definition in export.definitions { try self.place(definition, report: &report) }
        for index in self.nodes.indices {
            guard let family = self.nodes[index].definition?.definition.family else { continue }
            self.nodes[index].service = export.services.first { Self.family(of: $0.taskDefinition) == family }
        }
        self.settleHosts(report: &report)
        self.settleAccounts(report: &report)
    }

    /// The nodes by name.
    var byName: [String: AppMeshNode] {
        Dictionary(self.nodes.map { ($0.resource.name, $0) }) { first, _ in first }
    }

    private static func family(of definition: String) -> Substring {
        (definition.split(separator: "/").last ?? "").prefix { $0 != ":" }
    }

    private mutating func place(
        _ found: AppMeshExport.Definition,
        report: inout MigrationReport
    ) throws(CommandFailure) {
        let subject = "taskDefinition/\(found.definition.family)"
        switch AppMeshSidecar.find(in: found.definition)?.role {
        case nil:
            let reason = "no container of it is a proxy of App Mesh; it is left as it is"
            report.add(.note, subject, nil, "\(found.file): \(reason)")
        case .virtualGateway(let name):
            let reason = "it runs the virtual gateway \(name), which has no counterpart"
            report.add(.lost, subject, nil, "\(found.file): \(reason)")
        case .virtualNode(let name):
            guard let index = self.nodes.firstIndex(where: { $0.resource.name == name }) else {
                throw CommandFailure(
                    "\(found.file): the proxy of \(found.definition.family) is of virtual node \"\(name)\", of which there is "
                        + "no export",
                    hint: "export it too, or leave the task definition out"
                )
            }
            if let other = self.nodes[index].definition {
                throw CommandFailure(
                    "\(other.file) and \(found.file) are both of virtual node \"\(name)\"",
                    hint: "one service of ECS runs a virtual node; leave the other definition out and enrol it by hand"
                )
            }
            self.nodes[index].definition = found
        }
    }

    /// Gives every node a name of its own: two that shared one were told apart by attributes, which the mesh has not.
    private mutating func settleHosts(report: inout MigrationReport) {
        var taken: Set<String> = []
        for index in self.nodes.indices {
            guard let host = self.nodes[index].host else { continue }
            if host.contains("."), taken.insert(host).inserted { continue }
            let label = FittedLabel.make(self.nodes[index].resource.name) ?? "node"
            let domain = host.split(separator: ".", maxSplits: 1).dropFirst().first.map(String.init) ?? self.mesh
            var name = "\(label).\(domain)"
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(label)-\(number).\(domain)"
                number += 1
            }
            self.nodes[index].host = name
            report.add(
                .changed,
                self.nodes[index].resource.title,
                nil,
                host.contains(".")
                    ? "another virtual node is found by \(host) too; in the mesh it is \(name)"
                    : "\(host) has one label only; in the mesh it is \(name)"
            )
        }
    }

    /// A role stands for one service account, so nodes that share a role share that as well.
    private mutating func settleAccounts(report: inout MigrationReport) {
        var accounts: [String: String] = [:]
        for index in self.nodes.indices {
            guard let role = self.nodes[index].definition?.definition.text("taskRoleArn") else { continue }
            let account = accounts[role] ?? self.nodes[index].account
            accounts[role] = account
            guard account != self.nodes[index].account else { continue }
            self.nodes[index].account = account
            report.add(
                .changed,
                self.nodes[index].resource.title,
                nil,
                "its task role is another virtual node's too, so both are the service account \(account); give it a role of "
                    + "its own to tell them apart"
            )
        }
    }

    /// A ServiceAccountBinding for each role.
    func bindings(in namespace: MeshName, report: inout MigrationReport) -> [JSONValue] {
        var roles: Set<String> = []
        var bindings: [JSONValue] = []
        for node in self.nodes {
            guard let definition = node.definition?.definition, let text = definition.text("taskRoleArn"),
                roles.insert(text).inserted
            else { continue }
            guard let role = RoleARN(text), let account = AccountName("\(namespace)/\(node.account)") else {
                report.add(.lost, node.resource.title, nil, "taskRoleArn \(text) is no role's ARN; bind it by hand")
                continue
            }
            bindings.append(RoleBinding(role: role, account: account).json)
        }
        return bindings
    }

    /// ServiceEntries of the nodes that no task definition runs: they are outside the mesh.
    func entries(in namespace: String) -> [JSONValue] {
        self.nodes.filter { $0.definition == nil }.flatMap { node -> [JSONValue] in
            guard let host = node.host, let address = node.discovered else { return [] }
            var ports = node.listeners.map { EntryPort(number: $0.port, application: $0.application) }
            for (port, target) in node.extraPorts.sorted(by: { $0.key < $1.key }) {
                let application = node.listeners.first { $0.port == target }?.application ?? .tcp
                ports.append(EntryPort(number: port, application: application, target: target))
            }
            return ([host] + node.aliases).map { name in
                Self.entry(
                    name,
                    in: namespace,
                    ports: ports,
                    spec: [
                        "location": "MESH_EXTERNAL", "resolution": "DNS",
                        "endpoints": [["address": .string(address)]],
                    ]
                )
            }
        }
    }

    /// A port of a ServiceEntry.
    struct EntryPort {
        var number: Int
        var application: AppMeshNode.Application
        var target: Int?

        var json: JSONValue {
            var json: JSONValue = [
                "number": .int(self.number), "name": .string("\(self.application.rawValue)-\(self.number)"),
                "protocol": .string(self.application.rawValue.uppercased()),
            ]
            if let target { json["targetPort"] = .int(target) }
            return json
        }
    }

    /// What resources about a host are named.
    static func label(of host: String) -> String { FittedLabel.make(host) ?? "host" }

    /// A ServiceEntry of one host.
    static func entry(_ host: String, in namespace: String, ports: [EntryPort], spec: JSONObject) -> JSONValue {
        var members: JSONObject = ["hosts": [.string(host)], "ports": .array(ports.map(\.json))]
        for member in spec { members[member.name] = member.value }
        return [
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": ["name": .string(Self.label(of: host)), "namespace": .string(namespace)],
            "spec": .object(members),
        ]
    }
}
