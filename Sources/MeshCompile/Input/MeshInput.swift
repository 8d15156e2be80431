package import MeshConfig
package import MeshModel

/// All that is observed and declared at one moment.
package struct MeshInput: Sendable, Hashable {
    /// Every workload, by uid.
    package var workloads: [String: WorkloadFacts]
    /// Every service of the platform, by key.
    package var services: [NamespacedHostname: ServiceFacts]
    /// Every declared resource in force, by key.
    package var resources: [ResourceKey: DeclaredResource]

    /// Joins the three. Of several with one name the last counts.
    package init(
        workloads: some Sequence<WorkloadFacts> = [],
        services: some Sequence<ServiceFacts> = [],
        resources: some Sequence<DeclaredResource> = []
    ) {
        self.workloads = Dictionary(workloads.map { ($0.uid, $0) }) { $1 }
        self.services = Dictionary(services.map { ($0.key, $0) }) { $1 }
        self.resources = Dictionary(resources.map { ($0.key, $0) }) { $1 }
    }
}

/// What became different since the last compilation.
///
/// What is the same as before costs a comparison; what is not named costs nothing.
package struct MeshDelta: Sendable, Hashable {
    /// New and changed workloads.
    package var workloads: [WorkloadFacts]
    /// The uids of those that are gone.
    package var removedWorkloads: [String]
    /// New and changed services.
    package var services: [ServiceFacts]
    /// The keys of those that are gone.
    package var removedServices: [NamespacedHostname]
    /// New and changed resources.
    package var resources: [DeclaredResource]
    /// The keys of those that are gone.
    package var removedResources: [ResourceKey]
    /// All keys for tokens that are known; nil for those of the last time.
    package var keySets: [KeySource: String]?

    /// Joins the parts.
    package init(
        workloads: [WorkloadFacts] = [],
        removedWorkloads: [String] = [],
        services: [ServiceFacts] = [],
        removedServices: [NamespacedHostname] = [],
        resources: [DeclaredResource] = [],
        removedResources: [ResourceKey] = [],
        keySets: [KeySource: String]? = nil
    ) {
        self.workloads = workloads
        self.removedWorkloads = removedWorkloads
        self.services = services
        self.removedServices = removedServices
        self.resources = resources
        self.removedResources = removedResources
        self.keySets = keySets
    }

    /// What leads from one moment to another.
    init(from old: MeshInput, to new: MeshInput) {
        self.init(
            workloads: new.workloads.values.filter { old.workloads[$0.uid] != $0 },
            removedWorkloads: old.workloads.keys.filter { new.workloads[$0] == nil },
            services: new.services.values.filter { old.services[$0.key] != $0 },
            removedServices: old.services.keys.filter { new.services[$0] == nil },
            resources: new.resources.values.filter { old.resources[$0.key] != $0 },
            removedResources: old.resources.keys.filter { new.resources[$0] == nil }
        )
    }
}
