import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Routes of connections")
struct ConnectionRoutesTests {
    private static func clusters(_ shares: [(String, UInt32)]) -> [TulleL7.WeightedCluster] {
        RouteFixture.forward(shares.map { (cluster: $0.0, weight: $0.1) }).forward?.clusters ?? []
    }

    private static func names(_ names: [String], _ shares: [(String, UInt32)]) -> TulleL7.ServerNameRoute {
        var route = TulleL7.ServerNameRoute()
        route.names = names
        route.name = names.first ?? "any"
        route.clusters = self.clusters(shares)
        return route
    }

    private func routes(_ tls: [TulleL7.ServerNameRoute], tcp: [(String, UInt32)]? = nil) -> ConnectionRoutes {
        var stream = TulleL7.StreamRoute()
        stream.name = "tcp"
        stream.clusters = Self.clusters(tcp ?? [])
        return ConnectionRoutes(tls: tls, tcp: tcp == nil ? [] : [stream], clusters: RouteFixture.clusters)
    }

    private func chosen(_ routes: ConnectionRoutes, _ name: String?, seed: UInt64 = 1) -> Int? {
        var generator = SeededGenerator(seed: seed)
        guard case .cluster(let cluster, _) = routes.choose(serverName: name, using: &generator) else { return nil }
        return cluster
    }

    @Test("G36, I91 TLSRoute: the first that has the server's name, in any case")
    func serverNames() {
        let routes = self.routes(
            [
                Self.names(["a.example.com"], [("v1", 1)]), Self.names(["*.example.com"], [("v2", 1)]),
                Self.names(["b.example.com"], [("v3", 1)]), Self.names(["*.com", "x.org"], [("v4", 1)]),
            ],
            tcp: [("v3", 1)]
        )
        #expect(routes.asksServerName)
        #expect(self.chosen(routes, "a.example.com") == 0)
        #expect(self.chosen(routes, "A.Example.COM") == 0)
        #expect(self.chosen(routes, "b.example.com") == 1)
        #expect(self.chosen(routes, "c.d.example.com") == 1)
        #expect(self.chosen(routes, "example.com") == 3)
        #expect(self.chosen(routes, "x.org") == 3)
        #expect(self.chosen(routes, "y.org") == 2)
        #expect(self.chosen(routes, nil) == 2)
    }

    @Test("a route without names takes any")
    func anyName() {
        let routes = self.routes([Self.names(["a.com"], [("v1", 1)]), Self.names([], [("v2", 1)])])
        #expect(self.chosen(routes, "a.com") == 0)
        #expect(self.chosen(routes, "b.com") == 1)
        var generator = SeededGenerator(seed: 1)
        #expect(routes.choose(serverName: nil, using: &generator) == .none)
    }

    @Test("G36, I90 TCPRoute: weights 3:1:1")
    func weights() {
        let routes = self.routes([], tcp: [("v1", 3), ("v2", 1), ("v3", 1)])
        #expect(!routes.asksServerName)
        var counts = [0, 0, 0]
        for seed in UInt64(0)..<1000 { if let place = self.chosen(routes, nil, seed: seed) { counts[place] += 1 } }
        #expect((520...680).contains(counts[0]))
        #expect((140...260).contains(counts[1]))
        #expect(counts.reduce(0, +) == 1000)
    }

    @Test("a destination that is not valid refuses its share")
    func refuses() {
        var generator = SeededGenerator(seed: 1)
        let invalid = self.routes([], tcp: [("", 1)])
        #expect(
            invalid.choose(serverName: nil, using: &generator)
                == .refused(reason: "invalid_route{the_destination_is_not_valid}", route: "tcp")
        )
        let nothing = self.routes([], tcp: [("v1", 0)])
        #expect(
            nothing.choose(serverName: nil, using: &generator) == .refused(reason: "all weights are zero", route: "tcp")
        )
        let missing = self.routes([], tcp: [("nowhere", 1)])
        #expect(
            missing.choose(serverName: nil, using: &generator) == .refused(reason: "cluster_not_found", route: "tcp")
        )
        #expect(self.routes([]).choose(serverName: "a", using: &generator) == .none)
    }
}
