extension MeshSnapshot {
    /// The port on which workloads take HBONE tunnels.
    package static let hbonePort: UInt16 = 15008

    /// Decides where a connection to `destination` from `source` goes.
    ///
    /// As in Istio's ztunnel: a virtual address leads to an endpoint of its service, a workload's address to that workload,
    /// any other address is passed through; waypoints and network gateways stand in between where the mesh says so. What
    /// cannot be reached the way the mesh asks for is refused; plain TCP never stands in for a tunnel, nor a direct
    /// connection for a waypoint.
    ///
    /// One order decides what an address is, for waypoints as for endpoints: a service that has it as its exact virtual
    /// address, then the workload that has it, then the service of a block around it. So a service's waypoint is not lost
    /// where one of its endpoints has its address too, and a block does not hide a workload inside it.
    ///
    /// - Parameter standing: what is known here of a workload, given by its uid.
    package func routeOutbound(
        to destination: SocketAddress,
        from source: Workload,
        random: inout some RandomNumberGenerator,
        standing: @escaping (String) -> EndpointStanding = { _ in EndpointStanding() }
    ) -> OutboundDecision {
        let destination = destination.canonical
        let address = NetworkAddress(network: source.network, ip: destination.ip)
        var planner = RoutePlanner(mesh: self, source: source, random: random, standing: standing)
        defer { random = planner.random }
        switch self.owner(of: address, from: source.namespace) {
        case .service(let service): return planner.plan(service, port: destination.port, asked: destination)
        case .workload(let workload): return planner.plan(workload, asked: destination)
        case nil: return .passthrough(destination)
        }
    }

    /// Decides where a connection to a name goes, as SOCKS and HTTP CONNECT clients ask.
    ///
    /// - Parameters:
    ///   - host: `<service>.<namespace>`, a service's full host name, in any case and with or without a dot at
    ///     the end, or an IP address.
    ///   - standing: what is known here of a workload, given by its uid.
    package func routeOutbound(
        host: String,
        port: UInt16,
        from source: Workload,
        random: inout some RandomNumberGenerator,
        standing: @escaping (String) -> EndpointStanding = { _ in EndpointStanding() }
    ) -> OutboundDecision {
        if let ip = IPAddress(parsing: host) {
            let address = SocketAddress(ip: ip, port: port)
            return self.routeOutbound(to: address, from: source, random: &random, standing: standing)
        }
        guard let service = self.service(host: host, from: source.namespace) else { return .unknownHost }
        var planner = RoutePlanner(mesh: self, source: source, random: random, standing: standing)
        defer { random = planner.random }
        return planner.plan(service, port: port, asked: nil)
    }

    /// What an address stands for.
    enum AddressOwner {
        case service(Service)
        case workload(Workload)
    }

    /// What `address` stands for to clients in `namespace`; nil when the mesh does not know it.
    func owner(of address: NetworkAddress, from namespace: String) -> AddressOwner? {
        if let service = self.service(vip: address, from: namespace) { return .service(service) }
        if let workload = self.workload(at: address) { return .workload(workload) }
        return self.service(rangeContaining: address, from: namespace).map { .service($0) }
    }
}
