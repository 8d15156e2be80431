/// The workloads of a waypoint or network gateway, drawn one after the other.
struct GatewayDraw {
    enum Role {
        case waypoint, networkGateway
    }

    /// The service that the gateway is; nil when it is a workload.
    let service: Service?
    /// The gateway's own address, where it was given by one: its family is preferred.
    let address: IPAddress?
    /// Whom to connect to.
    var endpoints: EndpointDraw
    private let gateway: GatewayAddress
    private let role: Role

    /// nil when the mesh does not know the gateway.
    init?(_ gateway: GatewayAddress, in mesh: MeshSnapshot, for source: Workload, role: Role) {
        self.gateway = gateway
        self.role = role
        // A gateway without a port listens where every workload does.
        let port = gateway.hbonePort == 0 ? MeshSnapshot.hbonePort : gateway.hbonePort
        switch gateway.destination {
        case .address(let address): self.address = address.ip
        case .hostname: self.address = nil
        }
        switch mesh.owner(of: gateway, from: source) {
        case .service(let service):
            // A waypoint need not declare its port where its application is told of each connection's target.
            let declared = service.declaredPort(port) ?? ServicePort(port: port, targetPort: 0)
            let records =
                role == .waypoint || service.declaredPort(port) != nil
                ? mesh.endpointRecords(of: service.key) : []
            self.service = service
            self.endpoints = EndpointDraw(
                records,
                of: service,
                port: declared,
                for: source,
                crossesNetworks: role == .networkGateway
            )
        case .workload(let workload):
            self.service = nil
            self.endpoints = EndpointDraw(
                workload,
                port: port,
                for: source,
                crossesNetworks: role == .networkGateway
            )
        case nil: return nil
        }
    }

    /// The families in which it may be reached.
    var families: Service.Families { self.service?.families ?? .automatic }

    /// Why nothing can be drawn.
    var refusal: RouteRefusal {
        let what = self.role == .waypoint ? "waypoint" : "network gateway"
        return RouteRefusal(
            code: self.role == .waypoint ? .waypointUnavailable : .gatewayUnavailable,
            detail: "\(what) \(self.gateway) can't be used: \(self.endpoints.refusal.detail)"
        )
    }
}

extension MeshSnapshot {
    /// What a gateway's name or address stands for; nil when it is not known.
    func owner(of gateway: GatewayAddress, from source: Workload) -> AddressOwner? {
        switch gateway.destination {
        case .address(let address): self.owner(of: address, from: source.namespace)
        case .hostname(let name):
            self.service(name).map { .service($0) } ?? self.workload(named: name).map { .workload($0) }
        }
    }

    /// The workloads that a gateway consists of, also unhealthy ones.
    package func workloads(behind gateway: GatewayAddress, from source: Workload) -> [Workload] {
        switch self.owner(of: gateway, from: source) {
        case .service(let service): self.endpoints(of: service.key)
        case .workload(let workload): [workload]
        case nil: []
        }
    }
}
