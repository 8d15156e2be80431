/// One outbound decision in the making: collects the routes to try.
struct RoutePlanner<Random: RandomNumberGenerator> {
    let mesh: MeshSnapshot
    let source: Workload
    private(set) var random: Random
    private let standing: (String) -> EndpointStanding
    private var routes: [OutboundRoute] = []

    init(
        mesh: MeshSnapshot,
        source: Workload,
        random: Random,
        standing: @escaping (String) -> EndpointStanding
    ) {
        self.mesh = mesh
        self.source = source
        self.random = random
        self.standing = standing
    }

    private var isFull: Bool { self.routes.count >= OutboundRoute.maximumCandidates }

    /// Adds a route unless it would only repeat another, or give away what a tunnel was to protect.
    private mutating func add(_ route: OutboundRoute) {
        guard !self.isFull, !self.routes.contains(where: { $0.address == route.address && $0.passage == route.passage })
        else { return }
        // Whoever can break a tunnel must not be able to turn the connection into plain TCP to another endpoint.
        guard route.isProtected || !self.routes.contains(where: \.isProtected) else { return }
        self.routes.append(route)
    }

    private func conclude(_ refusal: @autoclosure () -> RouteRefusal) -> OutboundDecision {
        guard self.routes.isEmpty else { return .forward(self.routes) }
        let refusal = refusal()
        return .refuse(refusal.code, detail: refusal.detail)
    }

    // MARK: Services

    /// Routes to a service.
    /// - Parameter asked: the address the client connects to; nil when it gave a name.
    mutating func plan(_ service: Service, port: UInt16, asked: SocketAddress?) -> OutboundDecision {
        let waypoints = self.waypoints(of: service)
        if !waypoints.isEmpty, !waypoints.contains(where: self.isSource) {
            let authority = Self.authority(of: service, port: port, asked: asked, network: self.source.network)
            return self.plan(through: waypoints, authority: authority, service: service, port: port, asked: asked?.ip)
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
        var endpoints = EndpointDraw(
            self.mesh.endpointRecords(of: service.key),
            of: service,
            port: declared,
            for: self.source,
            crossesNetworks: false
        )
        var refusal = endpoints.refusal
        while !self.isFull, let endpoint = endpoints.next(using: &self.random, standing: self.standing) {
            let workload = endpoint.workload
            if workload.network != self.source.network {
                let identities = self.identities(of: service, in: workload.network)
                refusal =
                    self.addNested(to: workload, service: service, port: port, identities, waypoint: nil) ?? refusal
            } else if let host = Self.host(of: workload, service.families, asked: asked?.ip) {
                self.add(Self.direct(to: workload, at: HopAddress(host: host, port: endpoint.targetPort), service))
            } else {
                refusal = RouteRefusal(
                    code: .noUsableAddress,
                    detail: "workload \(workload.uid) has no address that service \(service.key) allows"
                )
            }
        }
        return self.conclude(refusal)
    }

    /// What the CONNECT request to a service's waypoint asks for: the address that the client used, or the one it would
    /// have got from DNS; the name where the service has none.
    private static func authority(of service: Service, port: UInt16, asked: SocketAddress?, network: String) -> String {
        if let asked { return "\(asked)" }
        let vips = service.vips.filter { $0.network == network }
        guard let vip = vips.first(where: \.ip.isV4) ?? vips.first else { return "\(service.hostname):\(port)" }
        return "\(SocketAddress(ip: vip.ip, port: port))"
    }

    /// Who may serve a service in another network: whom it names itself, else those known to back it there.
    private func identities(of service: Service, in network: String) -> [SPIFFEID] {
        guard service.subjectAltNames.isEmpty else { return service.subjectAltNames }
        var identities: [SPIFFEID] = []
        for endpoint in self.mesh.endpointRecords(of: service.key)
        where endpoint.record.workload.network == network && identities.count < Self.maximumIdentities {
            let identity = endpoint.record.workload.identity
            if !identities.contains(identity) { identities.append(identity) }
        }
        return identities
    }

    /// A handshake compares with each of them.
    private static var maximumIdentities: Int { 64 }

    // MARK: Workloads

    /// Routes to a workload that was asked for by its own address.
    mutating func plan(_ workload: Workload, asked: SocketAddress) -> OutboundDecision {
        if let waypoint = workload.waypoint, !self.isSource(waypoint) {
            return self.plan(
                through: [waypoint],
                authority: "\(asked)",
                service: nil,
                port: asked.port,
                asked: asked.ip
            )
        }
        return .forward([Self.direct(to: workload, at: HopAddress(host: .ip(asked.ip), port: asked.port), nil)])
    }

    /// The route straight to a workload.
    /// - Parameter target: its address and the application's port.
    private static func direct(to workload: Workload, at target: HopAddress, _ service: Service?) -> OutboundRoute {
        switch workload.tunnel {
        case .none:
            return OutboundRoute(address: target, passage: .plain, workload: workload, service: service)
        case .hbone:
            let hop = TunnelHop(
                authority: .endpoint(port: target.port),
                expectedIdentities: self.identities(service, workload)
            )
            return OutboundRoute(
                address: HopAddress(host: target.host, port: MeshSnapshot.hbonePort),
                passage: .tunnel(hop),
                workload: workload,
                service: service
            )
        }
    }

    /// Who may answer where `workload` is reached as an endpoint of `service`.
    private static func identities(_ service: Service?, _ workload: Workload) -> [SPIFFEID] {
        let named = service?.subjectAltNames ?? []
        return named.contains(workload.identity) ? named : named + [workload.identity]
    }

    /// Where a workload is found: at the address asked for if it is its own, else at its first of the same family, else
    /// at its first that is allowed, else by its name; nil when there is none of them.
    private static func host(
        of workload: Workload,
        _ families: Service.Families,
        asked: IPAddress?
    ) -> HopAddress.Host? {
        if let asked, workload.addresses.contains(asked) { return .ip(asked) }
        let allowed = workload.addresses.filter { families.allows($0) }
        if let ip = allowed.first(where: { asked == nil || $0.isV4 == asked?.isV4 }) ?? allowed.first { return .ip(ip) }
        guard !workload.hostname.isEmpty else { return nil }
        let prefersV4: Bool? =
            switch families {
            case .v4Only: true
            case .v6Only: false
            case .automatic, .dual: asked?.isV4
            }
        return .name(workload.hostname, prefersV4: prefersV4)
    }

    // MARK: Endpoints

    /// Routes to an endpoint that somebody chose already; waypoints in front of it are not looked at.
    mutating func plan(_ target: EndpointTarget, of service: Service?, port: UInt16) -> OutboundDecision {
        let workload = target.workload
        if workload.network != self.source.network, let service {
            let identities = self.identities(of: service, in: workload.network)
            let refusal = self.addNested(to: workload, service: service, port: port, identities, waypoint: nil)
            return self.conclude(refusal ?? RouteRefusal(code: .gatewayUnavailable, detail: "no gateway"))
        }
        if let host = Self.host(of: workload, service?.families ?? .automatic, asked: nil) {
            self.add(Self.direct(to: workload, at: HopAddress(host: host, port: target.port), service))
        }
        return self.conclude(
            RouteRefusal(code: .noUsableAddress, detail: "workload \(workload.uid) has no address that can be used")
        )
    }

    // MARK: Waypoints and gateways

    /// The waypoints of a service, the one to use first: drawn by weight where several have one.
    private mutating func waypoints(of service: Service) -> [GatewayAddress] {
        var weighted = service.weightedWaypoints.filter { $0.weight > 0 }
        guard !weighted.isEmpty else { return service.waypoint.map { [$0] } ?? [] }
        var order: [GatewayAddress] = []
        while !weighted.isEmpty {
            let total = weighted.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
            var ticket = UInt64.random(in: 0..<max(1, total), using: &self.random)
            let index =
                weighted.firstIndex { waypoint in
                    if ticket < UInt64(waypoint.weight) { return true }
                    ticket -= UInt64(waypoint.weight)
                    return false
                } ?? 0
            order.append(weighted.remove(at: index).gateway)
        }
        return order
    }

    /// Whether the client is itself this waypoint, which must not send its own connections to itself again.
    private func isSource(_ waypoint: GatewayAddress) -> Bool {
        self.mesh.workloads(behind: waypoint, from: self.source).contains {
            $0.identity == self.source.identity && $0.network == self.source.network
                && !Set($0.addresses).isDisjoint(with: self.source.addresses)
        }
    }

    private mutating func plan(
        through waypoints: [GatewayAddress],
        authority: String,
        service: Service?,
        port: UInt16,
        asked: IPAddress?
    ) -> OutboundDecision {
        var refusal = RouteRefusal(code: .waypointUnavailable, detail: "no waypoint")
        for waypoint in waypoints where !self.isFull {
            guard
                var draw = GatewayDraw(waypoint, in: self.mesh, for: self.source, role: .waypoint)
            else {
                refusal = RouteRefusal(code: .waypointUnavailable, detail: "waypoint \(waypoint) is not known")
                continue
            }
            refusal = draw.refusal
            while !self.isFull, let endpoint = draw.endpoints.next(using: &self.random, standing: self.standing) {
                let workload = endpoint.workload
                let identities = Self.identities(draw.service, workload)
                if workload.network != self.source.network {
                    guard let service else {
                        refusal.detail = "waypoint \(waypoint) is in another network, which takes a service to reach"
                        continue
                    }
                    let all = service.subjectAltNames + identities.filter { !service.subjectAltNames.contains($0) }
                    refusal =
                        self.addNested(to: workload, service: service, port: port, all, waypoint: waypoint) ?? refusal
                } else if let host = Self.host(of: workload, draw.families, asked: draw.address ?? asked) {
                    self.add(
                        OutboundRoute(
                            address: HopAddress(host: host, port: endpoint.targetPort),
                            passage: .tunnel(TunnelHop(authority: .fixed(authority), expectedIdentities: identities)),
                            workload: workload,
                            service: service,
                            waypoint: waypoint
                        )
                    )
                }
            }
        }
        return self.conclude(refusal)
    }

    /// Adds routes to a workload of another network through that network's gateway.
    /// - Returns: why there is none; nil when there is one.
    private mutating func addNested(
        to workload: Workload,
        service: Service,
        port: UInt16,
        _ identities: [SPIFFEID],
        waypoint: GatewayAddress?
    ) -> RouteRefusal? {
        guard let gateway = workload.networkGateway else {
            return RouteRefusal(
                code: .gatewayUnavailable,
                detail: "workload \(workload.uid) is in network \(workload.network) and names no gateway into it"
            )
        }
        guard var draw = GatewayDraw(gateway, in: self.mesh, for: self.source, role: .networkGateway) else {
            return RouteRefusal(code: .gatewayUnavailable, detail: "network gateway \(gateway) is not known")
        }
        let authority = TunnelHop.Authority.fixed("\(service.hostname):\(port)")
        let inner = TunnelHop(authority: authority, expectedIdentities: identities)
        var isAdded = false
        while !self.isFull, let endpoint = draw.endpoints.next(using: &self.random, standing: self.standing) {
            guard let host = Self.host(of: endpoint.workload, draw.families, asked: draw.address) else { continue }
            let expected = Self.identities(draw.service, endpoint.workload)
            isAdded = true
            self.add(
                OutboundRoute(
                    address: HopAddress(host: host, port: endpoint.targetPort),
                    passage: .nested(
                        outer: TunnelHop(authority: authority, expectedIdentities: expected),
                        inner: inner
                    ),
                    workload: workload,
                    service: service,
                    waypoint: waypoint,
                    peer: endpoint.workload.uid
                )
            )
        }
        return isAdded ? nil : draw.refusal
    }
}

/// Why there is no route.
struct RouteRefusal: Error {
    var code: RefusalCode
    var detail: String
}
