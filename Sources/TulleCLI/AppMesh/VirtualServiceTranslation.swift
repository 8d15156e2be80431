import AWSClient

/// Virtual services with their routers and routes, as VirtualServices and the names that these stand on.
struct VirtualServiceTranslation {
    /// ServiceEntries for names that no task has.
    private(set) var entries: [JSONValue] = []
    /// Virtual services that have a ServiceEntry of their own, with its name.
    private(set) var entryNames: [String: String] = [:]
    /// VirtualServices.
    private(set) var routes: [JSONValue] = []

    private let export: AppMeshExport
    private let namespace: String
    private var usedRouters: Set<String> = []

    /// Translates all virtual services; the nodes learn their further names and ports.
    init(
        _ export: AppMeshExport,
        _ names: inout MeshNames,
        namespace: String,
        report: inout MigrationReport
    ) throws(CommandFailure) {
        self.export = export
        self.namespace = namespace
        for resource in export.all(.virtualService) { try self.add(resource, &names, report: &report) }
        for router in export.all(.virtualRouter) where !self.usedRouters.contains(router.name) {
            router.spec.settle()
            for route in export.all(.route) where route.owner == router.name { route.spec.settle() }
            report.add(.note, router.title, nil, "no virtual service is provided by it; it is left out")
        }
    }

    private mutating func add(
        _ resource: AppMeshExport.Resource,
        _ names: inout MeshNames,
        report: inout MigrationReport
    ) throws(CommandFailure) {
        let host = resource.name.lowercased()
        guard HostText.isName(host) else {
            throw resource.spec.wrong("the virtual service's name \"\(resource.name)\" is no DNS name")
        }
        guard let (kind, provider) = try resource.spec.at("provider")?.only(["virtualNode", "virtualRouter"]) else {
            report.add(.lost, resource.title, nil, "it has no provider, so that calls to it failed; it is left out")
            return
        }
        if kind == "virtualRouter" {
            try self.route(resource, host, through: provider, &names, report: &report)
        } else {
            try self.alias(resource, host, of: provider, &names)
        }
    }

    // MARK: Provided by a node

    private mutating func alias(
        _ resource: AppMeshExport.Resource,
        _ host: String,
        of provider: ExportField,
        _ names: inout MeshNames
    ) throws(CommandFailure) {
        let name = try provider.require("virtualNodeName")
        let text = try name.text()
        guard let index = names.nodes.firstIndex(where: { $0.resource.name == text }) else {
            throw name.wrong("no export is of this virtual node; export it too")
        }
        let node = names.nodes[index]
        guard let own = node.host else {
            throw name.wrong("the virtual node has no serviceDiscovery, so nothing can lead to it")
        }
        names.leads[host] = [text]
        if own == host { return }
        let isTaken = names.nodes.contains { $0.host == host }
        if !isTaken, host.contains(".") {
            names.nodes[index].aliases.append(host)
            return
        }
        if !isTaken {
            self.enter(host, ports: node.listeners.map { .init(number: $0.port, application: $0.application) })
        }
        var spec: JSONObject = ["hosts": [.string(host)]]
        let route: JSONValue = [["destination": ["host": .string(own)]]]
        if node.listeners.contains(where: { $0.application.isHTTP }) { spec["http"] = [["route": route]] }
        if node.listeners.contains(where: { !$0.application.isHTTP }) { spec["tcp"] = [["route": route]] }
        self.routes.append(self.document(host, spec: spec))
    }

    // MARK: Provided by a router

    private mutating func route(
        _ resource: AppMeshExport.Resource,
        _ host: String,
        through provider: ExportField,
        _ names: inout MeshNames,
        report: inout MigrationReport
    ) throws(CommandFailure) {
        let name = try provider.require("virtualRouterName")
        let text = try name.text()
        guard let router = self.export.resource(.virtualRouter, text) else {
            throw name.wrong("no export is of this virtual router; export it too")
        }
        self.usedRouters.insert(text)
        var ports: [MeshNames.EntryPort] = []
        for listener in try router.spec.at("listeners")?.list() ?? [] {
            let (port, application) = try AppMeshNode.mapping(try listener.require("portMapping"))
            ports.append(MeshNames.EntryPort(number: port, application: application))
        }
        let nodes = names.byName
        var rules: [RouteTranslation] = []
        var targets: Set<String> = []
        for route in self.export.all(.route) where route.owner == text {
            targets.formUnion(Self.targets(of: route))
            if let rule = try RouteTranslation(route, nodes: nodes, report: &report) { rules.append(rule) }
        }
        names.leads[host] = targets
        guard !rules.isEmpty else {
            report.add(.lost, resource.title, nil, "its router \(text) has no route that can be carried over")
            return
        }
        rules.sort(by: RouteTranslation.comesFirst)
        let http = rules.filter { $0.layer == .http }
        if http.count > 1, Set(http.compactMap(\.priority)).count < http.count {
            report.add(
                .note,
                router.title,
                nil,
                "routes without a priority of their own are ordered by how close they match; look the order over"
            )
        }
        var spec: JSONObject = ["hosts": [.string(host)]]
        for layer in [RouteTranslation.Layer.http, .tcp] {
            let members = rules.filter { $0.layer == layer }.map { JSONValue.object($0.rule) }
            if !members.isEmpty { spec[layer.rawValue] = .array(members) }
        }
        self.routes.append(self.document(host, spec: spec))
        self.settleName(host, router, ports, targets: targets, &names, report: &report)
    }

    private static func targets(of route: AppMeshExport.Resource) -> [String] {
        (route.spec.value.object ?? [:]).flatMap { member in
            (member.value["action"]?["weightedTargets"]?.array ?? []).compactMap { $0["virtualNode"]?.string }
        }
    }

    /// Gives the name that callers use to the services of ECS that it leads to, with its ports: names of services get
    /// addresses and stand in the private zones. Without a route it would be a pool of all of them.
    private mutating func settleName(
        _ host: String,
        _ router: AppMeshExport.Resource,
        _ ports: [MeshNames.EntryPort],
        targets: Set<String>,
        _ names: inout MeshNames,
        report: inout MigrationReport
    ) {
        let owner = names.nodes.firstIndex { $0.host == host }
        let pool = names.nodes.indices.filter {
            targets.contains(names.nodes[$0].resource.name) && names.nodes[$0].definition != nil
        }
        let holders = owner.map { [$0] } ?? pool
        guard !holders.isEmpty, owner != nil || host.contains(".") else {
            self.enter(host, ports: ports)
            report.add(
                .note,
                "virtualService/\(host)",
                nil,
                "no service of ECS has this name, so no private zone of tulled's holds it; give it an address that leads "
                    + "into the mesh, or have callers use another name"
            )
            return
        }
        for index in holders {
            if owner == nil { names.nodes[index].aliases.append(host) }
            let listeners = names.nodes[index].listeners
            for port in ports where !listeners.contains(where: { $0.port == port.number }) {
                if listeners.count == 1, let only = listeners.first {
                    names.nodes[index].extraPorts[port.number] = only.port
                } else {
                    report.add(
                        .lost,
                        router.title,
                        nil,
                        "callers use port \(port.number) of \(host), and virtual node \(names.nodes[index].resource.name) has "
                            + "no one listener for it"
                    )
                }
            }
        }
    }

    // MARK: Documents

    /// A name without tasks: it has an address, and the waypoint leads on from there.
    private mutating func enter(_ host: String, ports: [MeshNames.EntryPort]) {
        self.entryNames[host] = MeshNames.label(of: host)
        self.entries.append(
            MeshNames.entry(
                host,
                in: self.namespace,
                ports: ports,
                spec: ["location": "MESH_INTERNAL", "resolution": "STATIC"]
            )
        )
    }

    private func document(_ host: String, spec: JSONObject) -> JSONValue {
        [
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": ["name": .string(MeshNames.label(of: host)), "namespace": .string(self.namespace)],
            "spec": .object(spec),
        ]
    }
}
