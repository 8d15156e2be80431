/// The endpoints of a service that would do for a client, drawn one after the other.
///
/// Endpoints count that are healthy (or all, if the service says so), can be reached and listen on the port. Those that
/// share most of the preferred attributes with the client come first, but those that could not be reached a moment ago
/// come after all others. Among equals two are drawn with their capacity as weight, and the one with fewer connections for
/// its capacity is taken; the first drawn where there is no difference.
struct EndpointDraw {
    private struct Candidate {
        let record: WorkloadRecord
        let targetPort: UInt16
        let rank: Int
        let weight: UInt64
        var failedLately = false

        var place: Place { Place(isTrusted: !self.failedLately, rank: self.rank) }
    }

    /// What is drawn from first: a far endpoint that answers is better than a near one that doesn't.
    private struct Place: Comparable {
        let isTrusted: Bool
        let rank: Int

        static func < (left: Self, right: Self) -> Bool {
            left.isTrusted == right.isTrusted ? left.rank < right.rank : right.isTrusted
        }
    }

    private var candidates: [Candidate] = []
    private var tally = Tally()
    private let name: String
    private let port: UInt16

    /// The endpoints of a service.
    /// - Parameter crossesNetworks: whether an address of another network can be connected to as it is, as a network
    ///   gateway's can; otherwise workloads there need a gateway.
    init(
        _ endpoints: [Endpoint],
        of service: Service,
        port: ServicePort,
        for source: Workload,
        crossesNetworks: Bool
    ) {
        self.name = "service \(service.key)"
        self.port = port.port
        let balancing = service.loadBalancing
        for endpoint in endpoints {
            let record = endpoint.record
            self.tally.endpoints += 1
            guard record.workload.isHealthy || balancing.allowsUnhealthy else { continue }
            self.tally.healthy += 1
            guard let target = Self.targetPort(of: endpoint, port),
                self.isReachable(record.workload, from: source, crossesNetworks: crossesNetworks),
                record.workload.capacity > 0,
                let rank = Self.rank(record.workload, for: source, balancing)
            else { continue }
            let weight = UInt64(record.workload.capacity)
            self.candidates.append(Candidate(record: record, targetPort: target, rank: rank, weight: weight))
        }
    }

    /// One workload only, whatever its health and capacity.
    init(_ workload: Workload, port: UInt16, for source: Workload, crossesNetworks: Bool) {
        self.name = "workload \(workload.uid)"
        self.port = port
        self.tally.endpoints = 1
        self.tally.healthy = 1
        if self.isReachable(workload, from: source, crossesNetworks: crossesNetworks) {
            self.candidates = [Candidate(record: WorkloadRecord(workload), targetPort: port, rank: 0, weight: 1)]
        }
    }

    private mutating func isReachable(_ workload: Workload, from source: Workload, crossesNetworks: Bool) -> Bool {
        if workload.network != source.network, !crossesNetworks {
            if workload.networkGateway == nil { self.tally.inOtherNetworks += 1 }
            return workload.networkGateway != nil
        }
        if workload.addresses.isEmpty, workload.hostname.isEmpty { self.tally.withoutAddress += 1 }
        return !workload.addresses.isEmpty || !workload.hostname.isEmpty
    }

    /// Takes the next endpoint; nil when there is no other.
    mutating func next(
        using random: inout some RandomNumberGenerator,
        standing: (String) -> EndpointStanding
    ) -> (workload: Workload, targetPort: UInt16)? {
        for index in self.candidates.indices {
            self.candidates[index].failedLately = standing(self.candidates[index].record.uid).failedLately
        }
        guard let best = self.candidates.lazy.map(\.place).max() else { return nil }
        let total = self.candidates.reduce(UInt64(0)) { $0 + ($1.place == best ? $1.weight : 0) }
        guard var index = self.draw(best, total, except: nil, using: &random) else { return nil }
        if let other = self.draw(best, total, except: index, using: &random),
            Self.isLess(self.candidates[other], self.candidates[index], standing)
        {
            index = other
        }
        self.candidates.swapAt(index, self.candidates.count - 1)
        let taken = self.candidates.removeLast()
        return (taken.record.workload, taken.targetPort)
    }

    /// Draws one of the candidates of a place by weight; nil when there is no other.
    private func draw(
        _ place: Place,
        _ total: UInt64,
        except excluded: Int?,
        using random: inout some RandomNumberGenerator
    ) -> Int? {
        let left = total - (excluded.map { self.candidates[$0].weight } ?? 0)
        guard left > 0 else { return nil }
        var ticket = UInt64.random(in: 0..<left, using: &random)
        for (index, candidate) in self.candidates.enumerated() where candidate.place == place && index != excluded {
            if ticket < candidate.weight { return index }
            ticket -= candidate.weight
        }
        return nil
    }

    /// Whether `left` has fewer connections than `right` for its capacity.
    private static func isLess(
        _ left: Candidate,
        _ right: Candidate,
        _ standing: (String) -> EndpointStanding
    ) -> Bool {
        func connections(_ candidate: Candidate) -> UInt64 {
            UInt64(UInt32(clamping: standing(candidate.record.uid).connections))
        }
        return connections(left) * right.weight < connections(right) * left.weight
    }

    // MARK: Why there is none

    /// What the search met.
    private struct Tally {
        var endpoints = 0
        var healthy = 0
        var inOtherNetworks = 0
        var withoutAddress = 0
    }

    /// Why nothing can be drawn.
    var refusal: RouteRefusal {
        if self.tally.inOtherNetworks > 0 {
            return RouteRefusal(
                code: .gatewayUnavailable,
                detail:
                    "\(self.name) has \(self.tally.inOtherNetworks) endpoints in other networks that name no gateway, "
                    + "and none in this one to use for port \(self.port)"
            )
        }
        let silent = self.tally.withoutAddress
        return RouteRefusal(
            code: .noHealthyEndpoint,
            detail:
                "no healthy upstream: \(self.name) has \(self.tally.endpoints) endpoints, \(self.tally.healthy) of them "
                + "healthy\(silent > 0 ? ", \(silent) without address" : ""), and none to use for port \(self.port)"
        )
    }

    // MARK: Ports and ranks

    /// The endpoint's own port for the service's port, else the service's target, else, for an application that is told the
    /// original destination, the port unchanged.
    static func targetPort(of endpoint: Endpoint, _ port: ServicePort) -> UInt16? {
        let own = endpoint.ports.first { $0.port == port.port }?.targetPort ?? 0
        if own > 0 { return own }
        if port.targetPort > 0 { return port.targetPort }
        return endpoint.record.workload.applicationTunnel?.port == nil ? nil : port.port
    }

    /// How many of the preferred attributes `workload` shares with `source`, counted up to the first that differs; nil when
    /// the service insists on all of them and one differs.
    ///
    /// When the network is preferred first, it outweighs all the others together and does not end the count.
    private static func rank(_ workload: Workload, for source: Workload, _ balancing: LoadBalancing) -> Int? {
        guard balancing.mode == .strict || balancing.mode == .failover else { return 0 }
        let scopes = balancing.preference
        var rank = 0
        for (index, scope) in scopes.enumerated() {
            let outweighs = index == 0 && scope == .network
            if self.matches(workload, source, scope) {
                rank += outweighs ? scopes.count : 1
            } else if balancing.mode == .strict {
                return nil
            } else if !outweighs {
                break
            }
        }
        return rank
    }

    private static func matches(_ left: Workload, _ right: Workload, _ scope: LoadBalancing.Scope) -> Bool {
        switch scope {
        case .region: left.locality.region == right.locality.region
        case .zone: left.locality.zone == right.locality.zone
        case .subzone: left.locality.subzone == right.locality.subzone
        case .node: left.node == right.node
        case .cluster: left.clusterID == right.clusterID
        case .network: left.network == right.network
        }
    }
}
