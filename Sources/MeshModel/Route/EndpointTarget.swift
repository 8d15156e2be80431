/// An endpoint of a service, and where its application listens for one of the service's ports.
package struct EndpointTarget: Hashable, Sendable {
    /// The endpoint.
    package var workload: Workload
    /// Its application's port.
    package var port: UInt16

    /// Joins the two.
    package init(workload: Workload, port: UInt16) {
        self.workload = workload
        self.port = port
    }
}

extension MeshSnapshot {
    /// The endpoints of a service that listen on one of its ports, by uid, whatever their health.
    package func targets(of service: Service, port: ServicePort) -> [EndpointTarget] {
        self.endpointRecords(of: service.key).compactMap { endpoint in
            EndpointDraw.targetPort(of: endpoint, port).map {
                EndpointTarget(workload: endpoint.record.workload, port: $0)
            }
        }
    }

    /// Decides how an endpoint is reached that was chosen already, as a waypoint chooses: through a tunnel where it has
    /// one, else as it is, and through its network's gateway from another network.
    ///
    /// - Parameters:
    ///   - service: whose endpoint it is; nil for a workload that was asked for by its own address.
    ///   - port: the service's port.
    package func routeEndpoint(
        _ target: EndpointTarget,
        of service: Service?,
        port: UInt16,
        from source: Workload,
        random: inout some RandomNumberGenerator
    ) -> OutboundDecision {
        var planner = RoutePlanner(mesh: self, source: source, random: random, standing: { _ in EndpointStanding() })
        defer { random = planner.random }
        return planner.plan(target, of: service, port: port)
    }

    /// What an address is to a waypoint: a service that has it as virtual address or in a block, or a workload.
    package func destination(
        at address: NetworkAddress,
        from namespace: String
    ) -> (service: Service?, workload: Workload?) {
        switch self.owner(of: address, from: namespace) {
        case .service(let service): (service, nil)
        case .workload(let workload): (nil, workload)
        case nil: (nil, nil)
        }
    }
}
