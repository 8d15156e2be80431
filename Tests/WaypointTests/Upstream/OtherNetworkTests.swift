import DataPlane
import DataPlaneTestSupport
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Endpoints in other networks", .serialized)
struct OtherNetworkTests {
    private struct Crossing {
        var bench: WaypointBench
        var backend: TestBackend
        /// The other network's gateway, and the endpoint behind it.
        var gateway: TestTunnelEnd
        var far: TestTunnelEnd
    }

    private static func address(_ number: UInt16, _ last: UInt32) -> IPAddress {
        IPAddress(v4: 0x7f00_0000 | UInt32(number) << 8 | last)
    }

    /// A waypoint in network `n1` in front of a service whose one endpoint is in `n2`.
    /// - Parameters:
    ///   - gatewayName: whom the gateway proves to be.
    ///   - farName: whom the endpoint proves to be.
    ///   - isLocal: whether the service has a virtual address in `n1`.
    private func withCrossing(
        gatewayName: String = "gateway",
        farName: String = "echo",
        isLocal: Bool = true,
        routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in },
        _ body: (Crossing) throws -> Void
    ) throws {
        let place = WaypointBench.reserve(1)
        let gatewayAddress = Self.address(place.number, 30)
        let farAddress = SocketAddress(ip: Self.address(place.number, 31), port: MeshPorts.inboundTunnel)
        let gateway = try TestMesh.workload("gateway", gatewayAddress, port: 1)
        let bench = try WaypointBench(
            place,
            network: "n1",
            mesh: { change in
                for index in change.workloads.indices where change.workloads[index].uid.hasPrefix("demo/echo-") {
                    // Nothing is there from here.
                    change.workloads[index].addresses = [WaypointBench.outside(place.number, 1)]
                    change.workloads[index].network = "n2"
                    change.workloads[index].tunnel = .hbone
                    change.workloads[index].networkGateway = GatewayAddress(
                        destination: .address(NetworkAddress(network: "n2", ip: gatewayAddress)),
                        hbonePort: 15_009
                    )
                }
                if !isLocal { for index in change.services.indices { change.services[index].vips[0].network = "n2" } }
                var gateway = gateway
                gateway.network = "n2"
                change.workloads.append(gateway)
            },
            routes: routes
        )
        let backend = try TestBackend(place.endpoints[0]) { TestBackend.Reply(200, "far \($0.text)") }
        let crossing = Crossing(
            bench: bench,
            backend: backend,
            gateway: try TestTunnelEnd(
                gatewayName,
                SocketAddress(ip: gatewayAddress, port: 15_009),
                authority: bench.authority,
                target: farAddress
            ),
            far: try TestTunnelEnd(farName, farAddress, authority: bench.authority, target: place.endpoints[0])
        )
        defer {
            crossing.gateway.stop()
            crossing.far.stop()
            backend.stop()
        }
        try body(crossing)
        #expect(try bench.rest() == nil)
    }

    @Test("I60: two tunnels, one in the other, and requests inside")
    func doubleTunnel() throws {
        try self.withCrossing { (crossing) throws in
            for number in 0..<3 {
                let answer = try crossing.bench.request(.post("/"), body: Array("\(number)".utf8))
                #expect(answer.text == "far \(number)")
            }
            let outer = try #require(crossing.gateway.requests.first)
            let inner = try #require(crossing.far.requests.first)
            for request in [outer, inner] {
                #expect(request.first(named: ":authority") == "echo.demo.mesh.internal:80")
            }
            // The gateway is told that policies were applied, the endpoint from which network it is called.
            #expect(outer.first(named: "x-istio-source") == "waypoint")
            #expect(outer.first(named: "x-forwarded-network") == nil)
            #expect(inner.first(named: "x-forwarded-network") == "n1")
            #expect(crossing.bench.logs("POST / ", " 200 "))
        }
    }

    @Test("D4: a service of several networks that has no address in ours, by its name")
    func byName() throws {
        try self.withCrossing(isLocal: false) { (crossing) throws in
            let named = try crossing.bench.client.request(
                "echo.demo.mesh.internal:80",
                HTTPRequestHead(method: "GET", authority: "echo.demo", path: "/")
            )
            #expect(named.text == "far ")
            #expect(throws: TestClient.Refused.self) {
                try crossing.bench.client.connect("nobody.demo.mesh.internal:80")
            }
            #expect(throws: TestClient.Refused.self) {
                try crossing.bench.client.connect("echo.demo.mesh.internal:81")
            }
        }
    }

    @Test("D3: one that has an address here is not served by its name")
    func byNameRefused() throws {
        try self.withCrossing { (crossing) throws in
            #expect(throws: TestClient.Refused.self) {
                try crossing.bench.client.connect("echo.demo.mesh.internal:80")
            }
        }
    }

    @Test("neither a gateway nor an endpoint that proves another identity gets anything", arguments: [true, false])
    func identities(_ isGateway: Bool) throws {
        try self.withCrossing(
            gatewayName: isGateway ? "other" : "gateway",
            farName: isGateway ? "echo" : "other"
        ) { (crossing) throws in
            #expect(try crossing.bench.request(.get("/lost")).status == 503)
            #expect(crossing.bench.logs("GET /lost ", " 503 ", "UF"))
            #expect(crossing.backend.connections == 0)
            #expect(crossing.far.requests.isEmpty)
        }
    }
}
