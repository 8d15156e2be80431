package import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS

extension MeshCompiler {
    // MARK: What changed

    /// Notes a declared resource that waypoints may have something to do with.
    mutating func noteL7(_ key: ResourceKey, _ resource: DeclaredResource?, _ work: inout PendingWork) {
        let new = resource.flatMap { L7References($0, settings: self.settings) }
        for references in self.l7.index.replace(key, with: new) { work.l7.changes.append((key.kind, references)) }
        switch key.kind {
        case .virtualService: work.l7.delegates.insert(key)
        case .destinationRule: self.noteLabels(key, resource, &work)
        case .gateway: work.l7.gateways.insert(key)
        default: break
        }
    }

    /// Workloads carry the labels that some rule compares. They are sent again when these become others.
    private mutating func noteLabels(_ key: ResourceKey, _ resource: DeclaredResource?, _ work: inout PendingWork) {
        var new: Set<String> = []
        if case .route(_, let spec)? = resource?.spec { new = DestinationRules.labelKeys(of: spec) }
        let old = self.l7.labelKeysByRule[key] ?? []
        guard old != new else { return }
        self.l7.labelKeysByRule[key] = new.isEmpty ? nil : new
        var changed: Set<String> = []
        for label in new.subtracting(old) {
            let count = self.l7.labelKeys[label, default: 0] + 1
            self.l7.labelKeys[label] = count
            if count == 1 { changed.insert(label) }
        }
        for label in old.subtracting(new) {
            let count = (self.l7.labelKeys[label] ?? 0) - 1
            self.l7.labelKeys[label] = count > 0 ? count : nil
            if count <= 0 { changed.insert(label) }
        }
        for (uid, node) in self.nodes where changed.contains(where: { node.facts.labels[$0] != nil }) {
            work.workloads.insert(uid)
        }
    }

    /// The labels of a workload that waypoints compare.
    func comparedLabels(of facts: WorkloadFacts) -> [String: String] {
        guard !self.l7.labelKeys.isEmpty else { return [:] }
        return facts.labels.filter { self.l7.labelKeys[$0.key] != nil }
    }

    /// Notes keys for tokens that are others than before.
    mutating func take(keySets: [KeySource: String], _ work: inout PendingWork) {
        let old = self.l7.keySets
        work.l7.keySets = Set(keySets.filter { old[$0.key] != $0.value }.keys)
        work.l7.keySets.formUnion(old.keys.filter { keySets[$0] == nil })
        self.l7.keySets = keySets
    }

    /// Where keys for tokens come from that some policy asks for, sorted.
    package var keySources: [KeySource] {
        self.l7.index.mentioned.keys.compactMap { reference in
            guard case .keys(let source) = reference else { return nil }
            return source
        }.sorted()
    }

    /// The host names of services that waypoints ask for something.
    var providerHosts: Set<String> {
        Set(
            self.config.traffic.list("extensionProviders").compactMap { provider in
                (provider["envoyExtAuthzHttp"] ?? provider["envoyExtAuthzGrpc"]).map {
                    SettingsCompilation.host(of: $0, in: "").host
                }
            }
        )
    }

    /// What waypoints get, by whose it is.
    package var waypointResources: [WaypointIdentity: WaypointResources] {
        var all: [WaypointIdentity: WaypointResources] = [:]
        for (_, settings) in self.l7.settings {
            all[settings.owner, default: WaypointResources()].settings.append(settings.resource)
        }
        for resources in self.l7.routes.values {
            for (owner, resource) in resources { all[owner, default: WaypointResources()].routes.append(resource) }
        }
        return all.mapValues(\.sorted)
    }

    /// The waypoints that carry out each route: those of the services that it is attached to.
    package var routeCarriers: [ResourceKey: Set<WaypointIdentity>] {
        let mesh = self.l7Mesh
        var carriers: [ResourceKey: Set<WaypointIdentity>] = [:]
        for (key, references) in self.l7.index.references where key.kind.isRoute {
            let services = references.attached.flatMap { mesh.services($0) }.map(\.claim.key)
            let owners = services.flatMap { self.l7.routes[$0]?.keys.map(\.self) ?? [] }
            if !owners.isEmpty { carriers[key] = Set(owners) }
        }
        return carriers
    }

    // MARK: Compiling

    /// Compiles what waypoints get, where it may be something else than before.
    mutating func settleL7(_ work: inout PendingWork) {
        self.settleBound(&work)
        let scope = self.scope(of: work)
        for key in scope.services.sorted() {
            self.publish(self.routes(of: key), of: key, &work)
        }
        self.l7.isRekeyed = false
        for key in scope.gateways.sorted() { self.settleSettings(of: key, &work) }
        self.noteStatuses(&work)
    }

    var l7Mesh: L7Mesh {
        L7Mesh(
            settings: self.settings,
            config: self.config,
            resources: self.input.resources,
            services: self.services,
            namespacesByHostname: self.namespacesByHostname,
            namesByAlias: self.l7.namesByAlias,
            servicesByName: self.servicesByName,
            namesByEntry: self.namesByEntry,
            waypoints: self.waypoints,
            index: self.l7.index,
            keySets: self.l7.keySets
        )
    }

    /// Notes which waypoints changed services are bound to.
    private mutating func settleBound(_ work: inout PendingWork) {
        for (key, old) in work.l7.services {
            for alias in old?.aliases ?? [] { self.l7.namesByAlias.take(key, from: alias) }
            let service = self.services[key]
            for alias in service?.claim.aliases ?? [] { self.l7.namesByAlias.add(key, to: alias) }
            let new = service.map { self.waypoints(for: $0) } ?? []
            let before = self.l7.waypoints[key] ?? []
            for gateway in before.subtracting(new) { self.l7.bound.take(key, from: gateway) }
            for gateway in new.subtracting(before) { self.l7.bound.add(key, to: gateway) }
            self.l7.waypoints[key] = new.isEmpty ? nil : new
        }
    }

    /// The waypoints that have to know a service: those that it asks for and that would take it, also before they are
    /// there to be reached.
    private func waypoints(for service: ResolvedService) -> Set<ResourceKey> {
        let claim = service.claim
        let labels = self.namespace(claim.key.namespace).labels
        return service.binding.dependencies.filter { key in
            guard let state = self.waypoints[key] else { return false }
            return state.audience.takesServices && state.allows(namespace: claim.key.namespace, labels: labels)
                && !(claim.isNamespaceOnly && key.namespace != claim.key.namespace)
        }
    }

    private func routes(of key: NamespacedHostname) -> [WaypointIdentity: ResourceCatalog.Resource] {
        guard let service = self.services[key] else { return [:] }
        let mesh = self.l7Mesh
        var resources: [WaypointIdentity: ResourceCatalog.Resource] = [:]
        for gateway in (self.l7.waypoints[key] ?? []).sorted() {
            guard let owner = self.waypoints[gateway]?.identity, resources[owner] == nil else { continue }
            var compilation = ServiceCompilation(service, waypoint: gateway, mesh: mesh)
            var routes = compilation.compile()
            if routes.keepsSessions { routes.sessionKeys = self.sessionKeys(key) }
            resources[owner] = ResourceCatalog.Resource(name: key.description, bytes: routes.serialized)
        }
        return resources
    }

    private mutating func publish(
        _ new: [WaypointIdentity: ResourceCatalog.Resource],
        of key: NamespacedHostname,
        _ work: inout PendingWork
    ) {
        self.counts.routeEncodings += new.count
        let old = self.l7.routes[key] ?? [:]
        for (owner, resource) in new where old[owner] != resource {
            work.change.waypoints[owner, default: .init()].routes.changed.append(resource)
        }
        for owner in old.keys where new[owner] == nil {
            work.change.waypoints[owner, default: .init()].routes.removed.append(key.description)
        }
        self.l7.routes[key] = new.isEmpty ? nil : new
    }

    private mutating func settleSettings(of key: ResourceKey, _ work: inout PendingWork) {
        let old = self.l7.settings[key]
        var new: (owner: WaypointIdentity, resource: ResourceCatalog.Resource)?
        if let state = self.waypoints[key], let declared = self.input.resources[key] {
            let settings = SettingsCompilation(mesh: self.l7Mesh, waypoint: state, resource: declared).compile()
            let name = "\(key.namespace)/\(key.name)"
            new = (state.identity, ResourceCatalog.Resource(name: name, bytes: settings.serialized))
            self.counts.routeEncodings += 1
        }
        if let old, old.owner != new?.owner {
            work.change.waypoints[old.owner, default: .init()].settings.removed.append(old.resource.name)
        }
        if let new, old?.owner != new.owner || old?.resource != new.resource {
            work.change.waypoints[new.owner, default: .init()].settings.changed.append(new.resource)
        }
        self.l7.settings[key] = new
    }
}
