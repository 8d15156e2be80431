/// Rules on PeerAuthentications.
enum PeerRules {
    /// TUL0211, TUL0212, TUL0213.
    static func all(_ context: AnalysisContext) -> [Finding] {
        let peers = context.resources.compactMap { resource -> (DeclaredResource, Declared.PeerAuthentication)? in
            guard case .peerAuthentication(let peers) = resource.spec else { return nil }
            return (resource, peers)
        }
        return peers.flatMap { Self.selectorInRoot($0, $1, context) + Self.ports($0, $1, context) } + Self.twice(peers)
    }

    private static func selectorInRoot(
        _ resource: DeclaredResource,
        _ peers: Declared.PeerAuthentication,
        _ context: AnalysisContext
    ) -> [Finding] {
        guard peers.selector != nil, resource.metadata.namespace == context.rootNamespace else { return [] }
        let message =
            "in the root namespace \"\(context.rootNamespace)\" only a PeerAuthentication without selector counts; "
            + "this one is ignored: put it into the namespace of the workloads"
        return [Finding(.peerSelectorInRoot, resource, message)]
    }

    private static func ports(
        _ resource: DeclaredResource,
        _ peers: Declared.PeerAuthentication,
        _ context: AnalysisContext
    ) -> [Finding] {
        guard let workloads = context.facts?.workloads, !peers.portLevelModes.isEmpty else { return [] }
        let selected = workloads.filter { workload in
            guard workload.namespace == resource.metadata.namespace else { return false }
            guard let selector = peers.selector else { return true }
            return workload.labels.map(selector.selects) ?? true
        }
        let known = selected.reduce(into: Set<UInt16>()) { $0.formUnion($1.ports) }
        // Without any workload, or any port of one, nothing is known to be wrong.
        guard !known.isEmpty else { return [] }
        let services = context.facts?.services.filter { $0.namespace == resource.metadata.namespace } ?? []
        return peers.portLevelModes.keys.sorted().filter { !known.contains($0) }.map { port in
            let ports = known.sorted().map(String.init).joined(separator: ", ")
            let service = services.first { $0.ports.contains(port) }
            let owner = service.map { "; it is the port of service \($0.name)" } ?? ""
            let message =
                "portLevelMtls names port \(port), which no selected workload listens on (they do on \(ports))\(owner)"
            return Finding(.peerPortUnknown, resource, message)
        }
    }

    private static func twice(_ peers: [(DeclaredResource, Declared.PeerAuthentication)]) -> [Finding] {
        let groups = Dictionary(grouping: peers) { resource, peers in
            let labels = peers.selector?.matchLabels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
            return "\(resource.metadata.namespace)/\(labels ?? "*")"
        }
        return groups.values.filter { $0.count > 1 }.flatMap { group -> [Finding] in
            let ordered = group.map(\.0).sorted {
                ($0.metadata.created, $0.metadata.name) < ($1.metadata.created, $1.metadata.name)
            }
            return ordered.dropFirst().map { resource in
                let message =
                    "\(ordered[0].metadata.name) is for the same workloads and older, so it decides, and this one "
                    + "has no effect"
                return Finding(.peerAuthenticationTwice, resource, message)
            }
        }
    }
}
