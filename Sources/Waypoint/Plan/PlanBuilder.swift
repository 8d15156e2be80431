package import DataPlane
import HTTPRouting
package import MeshModel
package import MeshProtos
package import MeshTelemetry

/// Makes plans. It keeps what was made of resources that did not change, and the state of clusters over all plans: what is
/// known of endpoints must not be lost because a route changed.
package struct PlanBuilder {
    private let local: LocalWorkload
    private let sinks: ReportSinks
    private let sampler: TraceSampler?
    private let bounds: EgressBounds
    private var reporting: ReportingPlan
    private var settings: TulleL7.WaypointSettings?
    private var made = PlanSettings()
    private var resources: [NamespacedHostname: TulleL7.ServiceRoutes] = [:]
    private var services: [NamespacedHostname: ServicePlan] = [:]
    private var workloads: ServicePlan
    /// By service and name: a change of one service must not look at the clusters of all.
    private var clusters: [NamespacedHostname: [String: KeptCluster]] = [:]
    private var place = ClientPlace()
    private var securities: UpstreamSecurities

    /// What is known of a cluster over all plans.
    private struct KeptCluster {
        let state: ClusterState
        /// The endpoints that it knows; nil before it was told, and once its rules changed.
        var endpoints: [EndpointFacts]?
    }

    /// Knows nothing yet.
    /// - Parameters:
    ///   - sampler: decides on traces where the mesh says nothing about them.
    ///   - bounds: whom nobody is led to.
    ///   - roots: those of the system, for TLS with applications.
    package init(
        local: LocalWorkload,
        sinks: ReportSinks,
        sampler: TraceSampler? = nil,
        bounds: EgressBounds = .standard,
        roots: SystemRoots = SystemRoots()
    ) {
        self.securities = UpstreamSecurities(roots: roots)
        self.local = local
        self.bounds = bounds
        self.sampler = sampler
        self.sinks = sinks
        self.reporting = ReportingPlan(nil, sinks: sinks, proxy: ProxyFacts(), context: AccessLogContext())
        self.workloads = ServicePlan.closed(PlanSettings())
    }

    // MARK: Resources

    /// Takes our own settings over; those of another waypoint of our namespace are none of our business.
    package mutating func set(settings: TulleL7.WaypointSettings, name: String, now: UInt64) throws(PlanError) {
        guard "\(settings.namespace)/\(settings.name)" == name else {
            throw PlanError("resource is for \(settings.namespace)/\(settings.name)")
        }
        guard self.isOwn(name) else { return }
        guard settings != self.settings else { return }
        self.made = try PlanSettings(settings)
        self.settings = settings
        self.makeAuthorizers(now: now)
        self.reporting = self.makeReporting(settings)
        self.workloads = ServicePlan(workloads: settings, settings: self.made, reporting: self.reporting)
        // All that is made depends on settings.
        self.services = [:]
        for key in self.resources.keys { self.rebuild(key, now: now) }
    }

    private mutating func makeAuthorizers(now: UInt64) {
        var kept: Set<String> = []
        for authorizer in self.settings?.authorizers ?? [] {
            guard let cluster = authorizer.cluster else { continue }
            kept.insert(cluster.name)
            self.made.authorizers[authorizer.name] = AuthorizerTarget(
                plan: AuthorizerPlan(authorizer),
                cluster: self.cluster(cluster, of: Self.settingsKey, now: now)
            )
        }
        self.clusters[Self.settingsKey] = self.clusters[Self.settingsKey]?.filter { kept.contains($0.key) }
    }

    mutating func removeSettings(_ name: String) {
        guard self.isOwn(name) else { return }
        self.settings = nil
        self.services = [:]
        self.workloads = ServicePlan.closed(PlanSettings())
    }

    private func makeReporting(_ settings: TulleL7.WaypointSettings) -> ReportingPlan {
        var proxy = ProxyFacts()
        proxy.node = self.local.name
        proxy.canonicalService = settings.name
        proxy.canonicalRevision = "latest"
        proxy.namespace = settings.namespace
        proxy.cluster = self.local.cluster
        let context = AccessLogContext(hostname: self.local.name) { name in
            EnvironmentVariables.read { $0 == name }[name]
        }
        return ReportingPlan(
            settings,
            sinks: self.sinks,
            proxy: proxy,
            context: context,
            sampler: self.sampler
        )
    }

    private func isOwn(_ name: String) -> Bool {
        name == "\(self.local.identity.namespace)/\(self.local.identity.serviceAccount)"
    }

    /// Takes a service over.
    package mutating func set(service: TulleL7.ServiceRoutes, name: String, now: UInt64) throws(PlanError) {
        let key = NamespacedHostname(namespace: service.namespace, hostname: service.hostname)
        guard "\(key)" == name else { throw PlanError("resource is for \(key)") }
        guard self.resources[key] != service else { return }
        self.resources[key] = service
        self.rebuild(key, now: now)
    }

    mutating func removeService(_ name: String) {
        guard let key = NamespacedHostname(parsing: name) else { return }
        self.resources[key] = nil
        self.services[key] = nil
        self.clusters[key] = nil
    }

    /// Under which the clusters of our own settings go.
    private static let settingsKey = NamespacedHostname(namespace: "", hostname: "")

    private mutating func cluster(_ cluster: TulleL7.Cluster, of key: NamespacedHostname, now: UInt64) -> ClusterPlan {
        let known = self.clusters[key]?[cluster.name]?.state
        known?.update(cluster: cluster, now: now)
        let state = known ?? ClusterState(cluster, place: self.place, seed: UInt64.random(in: 0...UInt64.max))
        // Its endpoints follow with the next plan.
        self.clusters[key, default: [:]][cluster.name] = KeptCluster(state: state)
        return ClusterPlan(cluster, state: state, security: cluster.tls.map { self.securities.security($0) })
    }

    private mutating func rebuild(_ key: NamespacedHostname, now: UInt64) {
        guard self.settings != nil, let resource = self.resources[key] else { return }
        var clusters: [ClusterPlan] = []
        var kept: Set<String> = []
        for cluster in resource.clusters {
            clusters.append(self.cluster(cluster, of: key, now: now))
            kept.insert(cluster.name)
        }
        self.clusters[key] = self.clusters[key]?.filter { kept.contains($0.key) }
        self.services[key] = ServicePlan(
            resource,
            clusters: clusters,
            settings: self.made,
            reporting: self.reporting,
            keeping: self.services[key]
        )
    }

    // MARK: Plans

    /// Makes a plan of this moment.
    package mutating func plan(mesh: MeshSnapshot, own: Workload, now: UInt64) -> WaypointPlan {
        let place = ClientPlace(locality: own.locality, labels: own.labels, node: own.node, network: own.network)
        if place != self.place {
            // What clusters prefer depends on it; it changes once, when the mesh comes to know us.
            self.place = place
            self.clusters = [:]
            self.makeAuthorizers(now: now)
            for key in self.resources.keys { self.rebuild(key, now: now) }
        }
        for (key, served) in self.services {
            for cluster in served.clusters { self.updateEndpoints(of: cluster, key, mesh, now) }
        }
        for authorizer in self.made.authorizers.values {
            self.updateEndpoints(of: authorizer.cluster, Self.settingsKey, mesh, now)
        }
        return WaypointPlan(
            mesh: mesh,
            own: own,
            settings: self.made,
            services: self.services,
            workloads: self.workloads,
            isComplete: self.settings != nil,
            bounds: self.bounds
        )
    }

    private mutating func updateEndpoints(
        of cluster: ClusterPlan,
        _ key: NamespacedHostname,
        _ mesh: MeshSnapshot,
        _ now: UInt64
    ) {
        let facts = cluster.endpoints(in: mesh)
        guard facts != self.clusters[key]?[cluster.name]?.endpoints else { return }
        self.clusters[key]?[cluster.name]?.endpoints = facts
        cluster.state.update(endpoints: facts, now: now)
    }
}
