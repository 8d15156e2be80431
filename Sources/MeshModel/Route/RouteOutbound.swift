extension MeshSnapshot {
    /// The port on which workloads take HBONE tunnels.
    package static let hbonePort: UInt16 = 15008

    /// Decides where a connection to `destination` from `source` goes.
    ///
    /// As in Istio's ztunnel: a virtual address leads to an endpoint of its service, a workload's address to that workload,
    /// any other address is passed through. What cannot be reached the way the mesh asks for is refused; plain TCP never
    /// stands in for a tunnel, nor a direct connection for a waypoint.
    package func routeOutbound(
        to destination: SocketAddress,
        from source: Workload,
        random: inout some RandomNumberGenerator
    ) -> OutboundDecision {
        let destination = destination.canonical
        let address = NetworkAddress(network: source.network, ip: destination.ip)
        if let service = self.service(vip: address, from: source.namespace) {
            return self.route(to: service, port: destination.port, asked: destination, from: source, random: &random)
        }
        if let workload = self.workload(at: address) {
            return Self.route(to: workload, at: destination, from: source)
        }
        if let service = self.service(rangeContaining: address, from: source.namespace) {
            return self.route(to: service, port: destination.port, asked: destination, from: source, random: &random)
        }
        return .passthrough(destination)
    }

    /// Decides where a connection to a name goes, as SOCKS and HTTP CONNECT clients ask.
    ///
    /// - Parameter host: `<service>.<namespace>`, a service's full host name, in any case and with or without a dot at
    ///   the end, or an IP address.
    package func routeOutbound(
        host: String,
        port: UInt16,
        from source: Workload,
        random: inout some RandomNumberGenerator
    ) -> OutboundDecision {
        if let ip = IPAddress(parsing: host) {
            return self.routeOutbound(to: SocketAddress(ip: ip, port: port), from: source, random: &random)
        }
        guard let service = self.service(host: host, from: source.namespace) else { return .unknownHost }
        return self.route(to: service, port: port, asked: nil, from: source, random: &random)
    }

    /// - Parameter asked: the address the client connects to; nil when it gave a name.
    private func route(
        to service: Service,
        port: UInt16,
        asked: SocketAddress?,
        from source: Workload,
        random: inout some RandomNumberGenerator
    ) -> OutboundDecision {
        if service.waypoint != nil || service.weightedWaypoints.contains(where: { $0.weight > 0 }) {
            return .refuse(.waypointUnsupported, detail: "service \(service.key) has a waypoint")
        }
        if service.loadBalancing.mode == .passthrough {
            return asked.map { .passthrough($0) } ?? .unknownHost
        }
        guard let declared = service.declaredPort(port) else {
            let ports = service.ports.map { "\($0.port)" }.joined(separator: ", ")
            return .refuse(
                .portNotDeclared,
                detail: "service \(service.key) has no port \(port); it declares \(ports.isEmpty ? "none" : ports)"
            )
        }
        switch self.pickEndpoint(of: service, port: declared, from: source, random: &random) {
        case .failure(let refusal):
            return .refuse(refusal.code, detail: refusal.detail)
        case .success(let endpoint):
            guard let ip = Self.address(of: endpoint.workload, for: service, asked: asked?.ip) else {
                return .refuse(
                    .noUsableAddress,
                    detail: "workload \(endpoint.workload.uid) has no address that service \(service.key) allows"
                )
            }
            let target = SocketAddress(ip: ip, port: endpoint.targetPort)
            return Self.connect(to: endpoint.workload, at: target, service: service)
        }
    }

    private static func route(
        to workload: Workload,
        at destination: SocketAddress,
        from source: Workload
    ) -> OutboundDecision {
        if workload.waypoint != nil {
            return .refuse(.waypointUnsupported, detail: "workload \(workload.uid) has a waypoint")
        }
        return self.connect(to: workload, at: destination, service: nil)
    }

    private static func connect(
        to workload: Workload,
        at target: SocketAddress,
        service: Service?
    ) -> OutboundDecision {
        switch workload.tunnel {
        case .none:
            return .direct(DirectRoute(destination: target, workload: workload, service: service))
        case .hbone:
            return .tunnel(
                TunnelRoute(
                    destination: SocketAddress(ip: target.ip, port: self.hbonePort),
                    target: target,
                    expectedIdentities: (service?.subjectAltNames ?? []) + [workload.identity],
                    workload: workload,
                    service: service
                )
            )
        }
    }

    /// The address asked for if it is the workload's, else its first of the same family, else its first that is allowed.
    private static func address(of workload: Workload, for service: Service, asked: IPAddress?) -> IPAddress? {
        if let asked, workload.addresses.contains(asked) { return asked }
        let allowed = workload.addresses.filter { service.families.allows($0) }
        return allowed.first { asked == nil || $0.isV4 == asked?.isV4 } ?? allowed.first
    }
}
