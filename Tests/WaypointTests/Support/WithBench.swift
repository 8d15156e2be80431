import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

/// Runs `body` with a waypoint and its backends, the service's first, then those of the other services. Nothing must be
/// carried any more when it is over.
func withBench(
    _ count: Int = 1,
    others: [String] = [],
    limits: (inout WaypointLimits) -> Void = { _ in },
    mesh: (inout MeshChange) -> Void = { _ in },
    settings: (inout TulleL7.WaypointSettings) -> Void = { _ in },
    routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in },
    early: @escaping @Sendable (TestBackend.Request) -> TestBackend.Reply? = { _ in nil },
    answer: @escaping TestBackend.Answer = { TestBackend.Reply(200, $0.backend) },
    _ body: (WaypointBench, [TestBackend]) throws -> Void
) throws {
    let place = WaypointBench.reserve(count, others: others)
    let own = place.endpoints.enumerated().map { ("echo-\($0.offset)", $0.element) }
    let backends = try (own + place.others.map { ($0.name, $0.address) }).map { name, address in
        try TestBackend(address, name: name, early: early, answer: answer)
    }
    defer { for backend in backends { backend.stop() } }
    let bench = try WaypointBench(place, limits: limits, mesh: mesh, settings: settings, routes: routes)
    try body(bench, backends)
    #expect(try bench.rest() == nil)
}

extension TulleL7.ServiceRoutes {
    /// Gives port 80 one route for everything, to the whole service unless `fill` says otherwise.
    mutating func route(_ fill: (inout TulleL7.RouteAction) -> Void) { self.route({ _ in }, fill) }

    /// Adds a route to port 80.
    mutating func route(
        _ match: (inout TulleL7.RouteMatch) -> Void,
        _ fill: (inout TulleL7.RouteAction) -> Void
    ) {
        if self.ports.isEmpty { self.ports = [.with { $0.port = 80 }] }
        var action = TulleL7.RouteAction()
        action.name = "demo/route/\(self.ports[0].actions.count)"
        action.forward = .to(WaypointBench.whole)
        fill(&action)
        if action.direct != nil || action.redirect != nil || action.failure != nil { action.forward = nil }
        let place = UInt32(self.ports[0].actions.count)
        self.ports[0].actions.append(action)
        self.ports[0].entries.append(
            .with {
                var made = TulleL7.RouteMatch()
                match(&made)
                $0.match = made
                $0.action = place
            }
        )
    }

    /// Changes the whole cluster.
    mutating func cluster(_ fill: (inout TulleL7.Cluster) -> Void) { fill(&self.clusters[0]) }

    /// Adds policies.
    mutating func policy(_ name: String, _ fill: (inout TulleL7.AuthorizationPolicy) -> Void) {
        var security = self.security ?? TulleL7.Security()
        security.policies.append(
            .with {
                $0.namespace = "demo"
                $0.name = name
                fill(&$0)
            }
        )
        self.security = security
    }
}

extension TulleL7.Forward {
    /// To one cluster.
    static func to(_ cluster: String) -> TulleL7.Forward {
        .with {
            $0.clusters = [
                .with {
                    $0.cluster = cluster
                    $0.weight = 1
                }
            ]
        }
    }
}

extension TulleL7.Header {
    static func named(_ name: String, _ value: String) -> TulleL7.Header {
        .with {
            $0.name = name
            $0.value = value
        }
    }
}

extension HTTPRequestHead {
    /// A GET request.
    static func get(_ path: String, _ fields: HeaderField...) -> HTTPRequestHead {
        HTTPRequestHead(method: "GET", authority: "echo.demo", path: path, fields: fields)
    }

    /// A POST request.
    static func post(_ path: String = "/", _ fields: HeaderField...) -> HTTPRequestHead {
        HTTPRequestHead(method: "POST", authority: "echo.demo", path: path, fields: fields)
    }

    /// A call by gRPC.
    static func grpc(_ path: String = "/demo.Echo/Say", _ fields: HeaderField...) -> HTTPRequestHead {
        HTTPRequestHead(
            method: "POST",
            authority: "echo.demo",
            path: path,
            fields: [HeaderField("content-type", "application/grpc"), HeaderField("te", "trailers")] + fields
        )
    }
}
