import AWSClient

/// What virtual nodes may call, turned round: who may call each service.
struct BackendTranslation {
    /// Nodes that call each virtual service, by its name.
    private var callers: [String: Set<String>] = [:]

    /// Reads the backends of all nodes.
    init(_ nodes: [AppMeshNode], known: Set<String>, report: inout MigrationReport) throws(CommandFailure) {
        for node in nodes {
            let title = node.resource.title
            if let policy = try node.resource.spec.at("backendDefaults")?.at("clientPolicy") {
                Self.clientPolicy(policy, title: title, report: &report)
            }
            for backend in try node.resource.spec.at("backends")?.list() ?? [] {
                let service = try backend.require("virtualService")
                let name = try service.require("virtualServiceName")
                let text = try HostText.lowered(name)
                self.callers[text, default: []].insert(node.resource.name)
                if !known.contains(text) {
                    report.add(.note, title, name, "no export is of this virtual service")
                }
                if let policy = try service.at("clientPolicy") {
                    Self.clientPolicy(policy, title: title, report: &report)
                }
            }
        }
    }

    private static func clientPolicy(_ policy: ExportField, title: String, report: inout MigrationReport) {
        policy.settle()
        report.add(
            .changed,
            title,
            policy,
            "between enrolled tasks ztunnel always speaks mutual TLS and checks the other side's identity; TLS to what is "
                + "outside the mesh is the application's own"
        )
    }

    /// Suggested policies: for each node that is called, and each name that only leads on, the service accounts of the nodes
    /// that have it as a backend.
    func policies(
        _ names: MeshNames,
        entries: [String: String],
        in namespace: String,
        trustDomain: String,
        hasWaypoint: Bool
    ) -> [JSONValue] {
        let accounts = names.byName.mapValues(\.account)
        func policy(_ label: String, of services: [String], _ target: JSONObject) -> JSONValue? {
            let callers = services.reduce(into: Set<String>()) { $0.formUnion(self.callers[$1] ?? []) }
            let principals = Set(callers.compactMap { accounts[$0] }).sorted().map {
                "\(trustDomain)/ns/\(namespace)/sa/\($0)"
            }
            guard !principals.isEmpty else { return nil }
            var spec = target
            spec["action"] = "ALLOW"
            spec["rules"] = [["from": [["source": ["principals": .strings(principals)]]]]]
            return [
                "apiVersion": "security.istio.io/v1",
                "kind": "AuthorizationPolicy",
                "metadata": ["name": .string("\(label)-callers"), "namespace": .string(namespace)],
                "spec": .object(spec),
            ]
        }
        let nodes = names.nodes.compactMap { node -> JSONValue? in
            guard let label = node.label, node.host != nil else { return nil }
            let services = names.leads.filter { $0.value.contains(node.resource.name) }.map(\.key)
            // Rules about clients belong to the waypoint, because the endpoint sees the waypoint's identity.
            let target: JSONObject =
                hasWaypoint
                ? ["targetRefs": [["group": "", "kind": "Service", "name": .string(label)]]]
                : ["selector": ["matchLabels": ["app": .string(label)]]]
            return policy(label, of: services, target)
        }
        // The waypoint asks the policies of the name that was called, not those of where the route leads.
        let leading = entries.sorted { $0.key < $1.key }.compactMap { host, name in
            policy(
                name,
                of: [host],
                ["targetRefs": [["group": "networking.istio.io", "kind": "ServiceEntry", "name": .string(name)]]]
            )
        }
        return nodes + leading
    }
}
