/// An endpoint and the port it listens on.
struct PickedEndpoint {
    var workload: Workload
    var targetPort: UInt16
}

/// Why there is no endpoint.
struct EndpointRefusal: Error {
    var code: RefusalCode
    var detail: String
}

extension MeshSnapshot {
    /// Chooses one of a service's endpoints for a client.
    ///
    /// Endpoints count that are healthy (or all, if the service says so), have an address in the client's network and
    /// listen on the port. Of those the ones that share most of the preferred attributes with the client remain, and one
    /// of them is drawn with its capacity as weight.
    func pickEndpoint(
        of service: Service,
        port: ServicePort,
        from source: Workload,
        random: inout some RandomNumberGenerator
    ) -> Result<PickedEndpoint, EndpointRefusal> {
        let balancing = service.loadBalancing
        var best: [(record: WorkloadRecord, targetPort: UInt16)] = []
        var bestRank = Int.min
        var tally = Tally()
        for endpoint in self.endpointRecords(of: service.key) {
            let record = endpoint.record
            tally.endpoints += 1
            guard record.workload.isHealthy || balancing.allowsUnhealthy else { continue }
            tally.healthy += 1
            guard let target = Self.targetPort(of: endpoint, port) else { continue }
            guard record.workload.network == source.network else {
                tally.inOtherNetworks += 1
                continue
            }
            guard !record.workload.addresses.isEmpty else {
                if !record.workload.hostname.isEmpty { tally.byName += 1 }
                continue
            }
            guard record.workload.capacity > 0 else { continue }
            guard let rank = Self.rank(record, for: source, balancing), rank >= bestRank else { continue }
            if rank > bestRank {
                best.removeAll(keepingCapacity: true)
                bestRank = rank
            }
            best.append((record, target))
        }
        let total = best.reduce(UInt64(0)) { $0 + UInt64($1.record.workload.capacity) }
        guard total > 0 else { return .failure(tally.refusal(service.key, port: port.port)) }
        var ticket = UInt64.random(in: 0..<total, using: &random)
        for candidate in best {
            let weight = UInt64(candidate.record.workload.capacity)
            if ticket < weight {
                let workload = candidate.record.workload
                return .success(PickedEndpoint(workload: workload, targetPort: candidate.targetPort))
            }
            ticket -= weight
        }
        return .failure(tally.refusal(service.key, port: port.port))
    }

    /// What the search met, to say why it found nothing.
    private struct Tally {
        var endpoints = 0
        var healthy = 0
        var inOtherNetworks = 0
        var byName = 0

        func refusal(_ key: NamespacedHostname, port: UInt16) -> EndpointRefusal {
            if self.inOtherNetworks > 0 {
                return EndpointRefusal(
                    code: .networkGatewayUnsupported,
                    detail: "all endpoints of service \(key) for port \(port) are in other networks"
                )
            }
            if self.byName > 0 {
                return EndpointRefusal(
                    code: .endpointNeedsDNS,
                    detail: "the endpoints of service \(key) have host names and no addresses"
                )
            }
            return EndpointRefusal(
                code: .noHealthyEndpoint,
                detail: "service \(key) has \(self.endpoints) endpoints, \(self.healthy) of them healthy, "
                    + "and none to use for port \(port)"
            )
        }
    }

    /// The endpoint's own port for the service's port, else the service's target, else, for an application that is told the
    /// original destination, the port unchanged.
    private static func targetPort(of endpoint: Endpoint, _ port: ServicePort) -> UInt16? {
        let own = endpoint.ports.first { $0.port == port.port }?.targetPort ?? 0
        if own > 0 { return own }
        if port.targetPort > 0 { return port.targetPort }
        return endpoint.record.workload.applicationTunnel?.port == nil ? nil : port.port
    }

    /// How many of the preferred attributes `workload` shares with `source`, counted up to the first that differs; nil when
    /// the service insists on all of them and one differs.
    ///
    /// When the network is preferred first, it outweighs all the others together and does not end the count.
    private static func rank(_ record: WorkloadRecord, for source: Workload, _ balancing: LoadBalancing) -> Int? {
        guard balancing.mode == .strict || balancing.mode == .failover else { return 0 }
        let scopes = balancing.preference
        var rank = 0
        for (index, scope) in scopes.enumerated() {
            let outweighs = index == 0 && scope == .network
            if self.matches(record, source, scope) {
                rank += outweighs ? scopes.count : 1
            } else if balancing.mode == .strict {
                return nil
            } else if !outweighs {
                break
            }
        }
        return rank
    }

    private static func matches(_ left: WorkloadRecord, _ right: Workload, _ scope: LoadBalancing.Scope) -> Bool {
        switch scope {
        case .region: left.workload.locality.region == right.locality.region
        case .zone: left.workload.locality.zone == right.locality.zone
        case .subzone: left.workload.locality.subzone == right.locality.subzone
        case .node: left.workload.node == right.node
        case .cluster: left.workload.clusterID == right.clusterID
        case .network: left.workload.network == right.network
        }
    }
}
