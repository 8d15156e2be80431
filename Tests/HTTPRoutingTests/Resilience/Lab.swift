import MeshModel
import MeshProtos

@testable import HTTPRouting

/// Clusters and endpoints for tests.
enum ClusterLab {
    /// Endpoint number `index`: `e<index>` at `10.0.<index / 250>.<index % 250 + 1>:8080`.
    static func endpoint(
        _ index: Int,
        weight: UInt32 = 1,
        locality: String = "",
        labels: [String: String] = [:],
        isHealthy: Bool = true,
        isDraining: Bool = false
    ) -> EndpointFacts {
        let parts = locality.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return EndpointFacts(
            id: "e\(index)",
            address: SocketAddress(
                ip: IPAddress(v4: 0x0a00_0001 + UInt32(index / 250 * 256 + index % 250)),
                port: 8080
            ),
            weight: weight,
            locality: Locality(
                region: parts.first ?? "",
                zone: parts.dropFirst().first ?? "",
                subzone: parts.dropFirst(2).first ?? ""
            ),
            labels: labels,
            isHealthy: isHealthy,
            isDraining: isDraining
        )
    }

    static func settings(_ change: (inout TulleL7.Cluster) -> Void = { _ in }) -> TulleL7.Cluster {
        var cluster = TulleL7.Cluster()
        cluster.name = "outbound|80||echo.test.svc"
        cluster.hostname = "echo.test.svc"
        cluster.loadBalancer = TulleL7.LoadBalancer()
        change(&cluster)
        return cluster
    }

    static func cluster(
        _ endpoints: [EndpointFacts],
        place: ClientPlace = ClientPlace(),
        seed: UInt64 = 1,
        _ change: (inout TulleL7.Cluster) -> Void = { _ in }
    ) -> ClusterState {
        let cluster = ClusterState(self.settings(change), place: place, seed: seed)
        cluster.update(endpoints: endpoints, now: 0)
        return cluster
    }

    static func balancer(
        _ algorithm: TulleL7.LoadBalancer.Algorithm,
        _ change: (inout TulleL7.LoadBalancer) -> Void = { _ in }
    ) -> TulleL7.LoadBalancer {
        var balancer = TulleL7.LoadBalancer()
        balancer.algorithm = algorithm
        change(&balancer)
        return balancer
    }

    static func outliers(_ change: (inout TulleL7.OutlierDetection) -> Void = { _ in }) -> TulleL7.OutlierDetection {
        var outliers = TulleL7.OutlierDetection()
        outliers.consecutive5xx = 5
        outliers.maxEjectionPercent = 100
        change(&outliers)
        return outliers
    }

    static func locality(
        _ mode: TulleL7.Locality.Mode,
        _ change: (inout TulleL7.Locality) -> Void = { _ in }
    ) -> TulleL7.Locality {
        var locality = TulleL7.Locality()
        locality.mode = mode
        change(&locality)
        return locality
    }
}

extension ClusterState {
    /// One choice; nil where there is no endpoint.
    func endpoint(_ demand: PickDemand = PickDemand(), now: UInt64 = 0, random: UInt64) -> EndpointHandle? {
        guard case .endpoint(let endpoint) = self.pick(demand, now: now, random: random) else { return nil }
        return endpoint
    }

    /// How often each endpoint is chosen.
    func picks(_ count: Int, _ demand: PickDemand = PickDemand(), now: UInt64 = 0, seed: UInt64 = 42) -> [String: Int] {
        var random = PickRandom(seed)
        var counts: [String: Int] = [:]
        for _ in 0..<count {
            guard let endpoint = self.endpoint(demand, now: now, random: random.next()) else { continue }
            counts[endpoint.id, default: 0] += 1
        }
        return counts
    }

    /// The endpoint of an id.
    func handle(_ id: String) -> EndpointHandle? {
        var random = PickRandom(7)
        for _ in 0..<100_000 {
            if let endpoint = self.endpoint(random: random.next()), endpoint.id == id { return endpoint }
        }
        return nil
    }

    /// Fails endpoints until they are ejected.
    func eject(_ handles: [EndpointHandle], now: UInt64 = 0) {
        for handle in handles {
            for _ in 0..<5 { self.report(handle, .status(500), now: now) }
        }
    }

    /// All endpoints that are chosen, by id.
    func handles(_ picks: Int = 5000) -> [String: EndpointHandle] {
        var random = PickRandom(11)
        var handles: [String: EndpointHandle] = [:]
        for _ in 0..<picks {
            if let endpoint = self.endpoint(random: random.next()) { handles[endpoint.id] = endpoint }
        }
        return handles
    }
}
