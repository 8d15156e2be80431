import HTTPRouting
import MeshModel

extension ClusterPlan {
    /// Chooses whom a request or connection goes to.
    /// - Parameters:
    ///   - wish: what the client said of it; counts where discovery knows no endpoints.
    ///   - random: any number, new for each choice.
    func choose(
        _ demand: PickDemand,
        for wish: EgressWish,
        in plan: WaypointPlan,
        now: UInt64,
        random: UInt64
    ) -> EndpointChoice {
        switch self.source {
        case .discovery: break
        case .asked: return self.choose(asked: wish.asked, in: plan)
        case .named(let suffix): return self.choose(named: wish.name, below: suffix, in: plan)
        }
        return switch self.state.pick(demand, now: now, random: random) {
        case .endpoint(let endpoint): .endpoint(endpoint)
        case .noHealthyEndpoint: .none(.noHealthyUpstream)
        case .noSuchSubset: .none(.clusterNotFound())
        }
    }

    private func choose(asked: SocketAddress, in plan: WaypointPlan) -> EndpointChoice {
        guard asked.port == self.port, self.isAddress(asked.ip, in: plan), plan.obstacle(at: asked.ip) == nil,
            let port = self.targetPort(in: plan)
        else { return .none(.noHealthyUpstream) }
        let address = NetworkAddress(network: plan.own.network, ip: asked.ip)
        let id = plan.mesh.workload(at: address)?.uid ?? "\(asked.ip)"
        return .endpoint(.passing(EndpointFacts(id: id, address: SocketAddress(ip: asked.ip, port: port))))
    }

    /// Whether the service itself, as the mesh has it now, is at this address.
    private func isAddress(_ ip: IPAddress, in plan: WaypointPlan) -> Bool {
        guard let service = self.service(in: plan) else { return false }
        let network = plan.own.network
        return service.vips.contains(NetworkAddress(network: network, ip: ip))
            || service.ranges.contains { $0.contains(ip, network: network) }
    }

    private func choose(named name: String?, below suffix: String, in plan: WaypointPlan) -> EndpointChoice {
        guard let name, Self.covers(suffix, name), let port = self.targetPort(in: plan) else {
            return .none(.routeNotFound)
        }
        // It has policies and a waypoint of its own, which must not be gone round.
        if let service = plan.mesh.service(host: name, from: plan.own.namespace), service.key != self.key {
            return .none(.routeNotFound)
        }
        let mark = SocketAddress(ip: EndpointFacts.mark(name), port: port)
        return .endpoint(.passing(EndpointFacts(id: name, address: mark)))
    }

    private static func covers(_ suffix: String, _ name: String) -> Bool {
        suffix.hasPrefix(".") && name.utf8.count > suffix.utf8.count && name.hasSuffix(suffix)
    }

    private func targetPort(in plan: WaypointPlan) -> UInt16? {
        guard let declared = self.service(in: plan)?.declaredPort(self.port) else { return nil }
        return declared.targetPort == 0 ? declared.port : declared.targetPort
    }

    /// How a chosen endpoint is reached; nil when it is gone.
    func way(to endpoint: EndpointHandle, in plan: WaypointPlan) -> EndpointWay? {
        if let target = self.target(of: endpoint, in: plan) { return .workload(target) }
        switch self.source {
        case .discovery: return nil
        case .asked:
            let ip = endpoint.address.ip
            return self.isAddress(ip, in: plan) && plan.obstacle(at: ip) == nil ? .address(endpoint.address) : nil
        case .named(let suffix):
            return Self.covers(suffix, endpoint.id) ? .name(endpoint.id, port: endpoint.address.port) : nil
        }
    }

    /// Whom a server's certificate must name where the settings of TLS do not say it; nil where they have to.
    func host(of endpoint: EndpointHandle) -> String? {
        if case .named = self.source { endpoint.id } else { nil }
    }

    /// Where the endpoint is, as logs show it.
    func hostText(of endpoint: EndpointHandle, in plan: WaypointPlan) -> String {
        guard endpoint.facts.isMarked else { return endpoint.addressText }
        let name = plan.mesh.workload(uid: endpoint.id)?.hostname ?? endpoint.id
        return "\(name):\(endpoint.address.port)"
    }
}
