import MeshModel

/// Where a tunnel arrives: the workload, the address of it that was reached, and what the mesh says of both.
struct InboundPlace {
    /// The address the connection came to, canonical.
    var address: IPAddress
    var workload: Workload
    var snapshot: MeshSnapshot

    /// Whether this workload is the waypoint in front of whatever has the address: a service, or else a workload.
    ///
    /// Other than in Istio's ztunnel a service's weighted waypoints count too.
    func isWaypoint(of ip: IPAddress) -> Bool {
        let asked = NetworkAddress(network: self.workload.network, ip: ip)
        if let service = self.snapshot.service(vip: asked, from: self.workload.namespace) {
            return self.isWaypoint(of: service)
        }
        if let other = self.snapshot.workload(at: asked) {
            return other.waypoint.map { self.isHere($0) } ?? false
        }
        return self.snapshot.service(rangeContaining: asked, from: self.workload.namespace)
            .map { self.isWaypoint(of: $0) } ?? false
    }

    /// Whether this workload is a waypoint of the service.
    func isWaypoint(of service: Service) -> Bool {
        let weighted = service.weightedWaypoints.lazy.filter { $0.weight > 0 }.map(\.gateway)
        return service.waypoint.map { self.isHere($0) } ?? false || weighted.contains { self.isHere($0) }
    }

    /// Whether a gateway's address or name leads to this workload.
    private func isHere(_ gateway: GatewayAddress) -> Bool {
        switch gateway.destination {
        case .hostname(let name):
            return self.workload.services[name] != nil
                || name.namespace == self.workload.namespace && name.hostname == self.workload.hostname
        case .address(let asked):
            if asked.network == self.workload.network, asked.ip.canonical == self.address { return true }
            return self.snapshot.service(vip: asked, from: self.workload.namespace)
                .map { self.workload.services[$0.key] != nil } ?? false
        }
    }

    /// The service's virtual address that a peer would have used: of this network first, then IPv4.
    func bestAddress(of service: Service) -> IPAddress? {
        let own = service.vips.filter { $0.network == self.workload.network }
        let all = own.isEmpty ? service.vips : own
        return (all.first { $0.ip.isV4 } ?? all.first)?.ip
    }
}
