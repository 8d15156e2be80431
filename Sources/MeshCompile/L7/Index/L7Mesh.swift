import MeshConfig
import MeshModel

/// The mesh as the compilation of routes sees it.
struct L7Mesh {
    let settings: MeshSettings
    let config: Declared.MeshConfig
    let resources: [ResourceKey: DeclaredResource]
    let services: [NamespacedHostname: ResolvedService]
    let namespacesByHostname: [String: Set<String>]
    let namesByAlias: [String: Set<NamespacedHostname>]
    let servicesByName: [String: Set<NamespacedHostname>]
    let namesByEntry: [ResourceKey: [NamespacedHostname]]
    let waypoints: [ResourceKey: WaypointState]
    let index: L7Index
    /// Keys for tokens, as JSON; a source that is not there could not be fetched yet.
    let keySets: [KeySource: String]

    // MARK: Services

    /// The service that a client of a namespace means by a host name: its own namespace's, else the one for all, else the
    /// first.
    func service(host: String, from namespace: String) -> ResolvedService? {
        let own = self.services[NamespacedHostname(namespace: namespace, hostname: host)]
        if let own { return own }
        var names = (self.namespacesByHostname[host] ?? []).map {
            NamespacedHostname(namespace: $0, hostname: host)
        }
        if names.isEmpty { names = Array(self.namesByAlias[host] ?? []) }
        let known = names.sorted().compactMap { self.services[$0] }.filter { !$0.claim.isNamespaceOnly }
        return known.first { $0.isCanonical } ?? known.first
    }

    /// The services that something is attached to, or that it names.
    func services(_ reference: L7Reference) -> [ResolvedService] {
        switch reference {
        case .service(let namespace, let name):
            let names = self.servicesByName["\(namespace)/\(name)"] ?? []
            return names.sorted().compactMap { self.services[$0] }
        case .entry(let namespace, let name):
            let key = ResourceKey(kind: .serviceEntry, namespace: namespace, name: name)
            return (self.namesByEntry[key] ?? []).compactMap { self.services[$0] }.filter { $0.claim.entry == key }
        case .host(let host):
            var names = (self.namespacesByHostname[host] ?? []).map {
                NamespacedHostname(namespace: $0, hostname: host)
            }
            names += self.namesByAlias[host] ?? []
            if host.hasPrefix("*") {
                names += self.services.keys.filter { HostNames.covers(host, $0.hostname) }
            }
            return Set(names).sorted().compactMap { self.services[$0] }
        default: return []
        }
    }

    /// All that names a service: what routes and policies may be attached to.
    func references(to claim: ServiceClaim) -> [L7Reference] {
        var references: [L7Reference] = ([claim.key.hostname] + claim.aliases).map { .host($0) }
        if let entry = claim.entry {
            references.append(.entry(namespace: entry.namespace, name: entry.name))
        } else {
            references.append(.service(namespace: claim.key.namespace, name: claim.name))
        }
        return references
    }

    // MARK: Resources

    /// Resources of a kind that are attached to one of several things: the older first, then by namespace and name.
    func resources(_ kind: ResourceKind, attachedTo references: [L7Reference]) -> [DeclaredResource] {
        Set(references.flatMap { self.index.keys(kind, attachedTo: $0) })
            .compactMap { self.resources[$0] }.sorted { $0.isOlder(than: $1) }
    }

    /// Whether references of a kind from one namespace may lead to a service of another (ReferenceGrant).
    func grants(_ kind: ResourceKind, from namespace: String, to target: ConfigValue, in owner: String) -> Bool {
        self.resources(.referenceGrant, attachedTo: [.grants(namespace: owner)]).contains { resource in
            guard case .route(_, let grant) = resource.spec else { return false }
            let isFrom = grant.list("from").contains {
                $0.text("group") == "gateway.networking.k8s.io" && $0.text("kind") == kind.rawValue
                    && $0.text("namespace") == namespace
            }
            let isTo = grant.list("to").contains {
                ($0.text("group") ?? "") == target.text("group") ?? "" && $0.text("kind") == target.text("kind")
                    && ($0.text("name") ?? target.text("name")) == target.text("name")
            }
            return isFrom && isTo
        }
    }

    /// Whether a resource of Istio's kinds may be seen from a namespace (`exportTo`).
    static func isExported(_ spec: ConfigValue, of owner: String, to namespace: String) -> Bool {
        let targets = spec.texts("exportTo")
        return targets.isEmpty || targets.contains("*") || targets.contains(namespace)
            || targets.contains(".") && owner == namespace
    }
}

extension DeclaredResource {
    /// Of two resources that want the same the older counts, then the first by name.
    func isOlder(than other: Self) -> Bool {
        (self.metadata.created, self.metadata.namespace, self.metadata.name, self.key.kind.rawValue)
            < (other.metadata.created, other.metadata.namespace, other.metadata.name, other.key.kind.rawValue)
    }
}
