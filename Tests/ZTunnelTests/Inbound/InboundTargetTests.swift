import DataPlane
import DataPlaneTestSupport
import MeshModel
import Testing

@testable import ZTunnel

struct InboundTargetTests {
    private static let own = IPAddress(v4: 0x0a00_0002)
    private static let local = SocketAddress(ip: own, port: 15_008)

    private func decide(_ authority: String, serviceHost: String? = nil) throws -> Result<
        InboundTarget, ConnectionFailure
    > {
        var change = MeshChange()
        let workload = try TestMesh.workload("echo", Self.own, port: 8_080)
        change.workloads = [workload]
        change.services = [
            TestMesh.service("echo", vip: "240.240.0.1", port: 9_999),
            TestMesh.service("other", vip: "240.240.0.2", port: 9_999),
        ]
        return InboundTarget.decide(
            authority: authority,
            local: Self.local,
            serviceHost: serviceHost,
            workload: workload,
            snapshot: MeshSnapshot(change)
        )
    }

    @Test func deliversToTheAddressThatThePeerConnectedTo() throws {
        let target = try self.decide("10.0.0.2:8080", serviceHost: "echo.demo.mesh.internal").get()
        #expect(target.destination.description == "10.0.0.2:8080")
        #expect(target.service?.name == "echo")
        #expect(try self.decide("10.0.0.2:81", serviceHost: "other.demo").get().service == nil)
        #expect(try self.decide("[::ffff:10.0.0.2]:81").get().destination.description == "10.0.0.2:81")
    }

    @Test func namesTheServiceWhosePortLeadsThereWhenThePeerNamesNone() throws {
        #expect(try self.decide("10.0.0.2:8080").get().service?.name == "echo")
        #expect(try self.decide("10.0.0.2:9999").get().service?.name == "echo")
        #expect(try self.decide("10.0.0.2:81").get().service == nil)
        // A service that the workload doesn't back is not taken from the peer's words.
        #expect(try self.decide("10.0.0.2:8080", serviceHost: "other.demo").get().service?.name == "echo")
    }

    @Test func findsAServicesPortOfThisWorkload() throws {
        let target = try self.decide("echo.demo.mesh.internal:80").get()
        #expect(target.destination.description == "10.0.0.2:8080")
    }

    @Test(arguments: [
        ("10.0.0.3:8080", "destination_mismatch", 400), ("127.0.0.1:8080", "destination_mismatch", 400),
        ("169.254.169.254:80", "destination_mismatch", 400), ("10.0.0.2", "authority_malformed", 400),
        ("", "authority_malformed", 400), ("10.0.0.2:0", "authority_malformed", 400),
        ("10.0.0.2:80/x", "authority_malformed", 400), ("other.demo.mesh.internal:80", "service_unknown", 503),
        ("nobody.demo:80", "service_unknown", 503), ("echo.demo.mesh.internal:81", "port_not_declared", 503),
        ("10.0.0.2:15008", "recursive_call", 503), ("10.0.0.2:15001", "recursive_call", 503),
        ("10.0.0.2:15006", "recursive_call", 503), ("10.0.0.2:15080", "recursive_call", 503),
        ("10.0.0.2:15000", "recursive_call", 503),
    ])
    func refuses(_ authority: String, _ code: String, _ status: Int) throws {
        guard case .failure(let failure) = try self.decide(authority) else {
            Issue.record("accepted")
            return
        }
        #expect(failure.code == code)
        #expect(failure.status == status)
    }

    /// Rows 67 to 71 of the table of conformance: a waypoint for a service and for a workload, by address and by name,
    /// with and without an application tunnel.
    private struct Sandwich {
        var waypoint: GatewayAddress.Destination
        var attachesService = false
        var attachesWorkload = false
        var isWeighted = false
        var tunnel: Workload.ApplicationTunnel?

        func decide(_ authority: String) throws -> Result<InboundTarget, ConnectionFailure> {
            var waypoint = try TestMesh.workload("waypoint", InboundTargetTests.own, port: 15_088)
            waypoint.applicationTunnel = self.tunnel
            var workload = try TestMesh.workload("echo", IPAddress(v4: 0x0a00_0009), port: 8_080)
            var service = TestMesh.service("echo", vip: "240.240.0.9", port: 8_080)
            let gateway = GatewayAddress(destination: self.waypoint, hbonePort: 15_008)
            if self.attachesWorkload { workload.waypoint = gateway }
            if self.attachesService, self.isWeighted {
                service.weightedWaypoints = [WeightedWaypoint(gateway: gateway, weight: 1)]
            } else if self.attachesService {
                service.waypoint = gateway
            }
            var change = MeshChange()
            change.workloads = [waypoint, workload]
            change.services = [service, TestMesh.service("waypoint", vip: "240.240.0.8", port: 15_088)]
            return InboundTarget.decide(
                authority: authority,
                local: InboundTargetTests.local,
                serviceHost: nil,
                workload: waypoint,
                snapshot: MeshSnapshot(change)
            )
        }
    }

    private static let ways: [GatewayAddress.Destination] = [
        .address(NetworkAddress(network: "", ip: own)),
        .address(NetworkAddress(network: "", ip: IPAddress(v4: 0xf0f0_0008))),
        .hostname(TestMesh.key("waypoint")),
    ]

    @Test("a waypoint takes what is meant for the service or workload that names it", arguments: ways)
    func servesWhatItIsAttachedTo(_ way: GatewayAddress.Destination) throws {
        for (authority, isService) in [("240.240.0.9:80", true), ("10.0.0.9:8080", false)] {
            var sandwich = Sandwich(waypoint: way, attachesService: isService, attachesWorkload: !isService)
            // Without a tunnel to the application the port stays.
            let port = isService ? 80 : 8_080
            #expect(try sandwich.decide(authority).get().destination.description == "10.0.0.2:\(port)")
            #expect(try sandwich.decide(authority).get().announced == nil)
            sandwich.tunnel = Workload.ApplicationTunnel(usesProxyProtocol: true, port: 15_088)
            let told = try sandwich.decide(authority).get()
            #expect(told.destination.description == "10.0.0.2:15088")
            #expect(told.announced?.destination.description == authority)
        }
        var weighted = Sandwich(waypoint: way, attachesService: true, isWeighted: true)
        #expect(try weighted.decide("240.240.0.9:80").get().destination.description == "10.0.0.2:80")
        weighted.tunnel = Workload.ApplicationTunnel(usesProxyProtocol: true, port: 15_088)
        let named = try weighted.decide("echo.demo.mesh.internal:80").get()
        #expect(named.destination.description == "10.0.0.2:15088")
        #expect(named.announced?.destination.description == "240.240.0.9:80")
        #expect(named.announced?.host == "echo.demo.mesh.internal")
    }

    @Test("a waypoint refuses what is meant for something else", arguments: ways)
    func refusesWhatItIsNotAttachedTo(_ way: GatewayAddress.Destination) throws {
        let refused = [
            (Sandwich(waypoint: way, attachesService: true), "10.0.0.9:8080"),
            (Sandwich(waypoint: way, attachesWorkload: true), "240.240.0.9:80"),
            (Sandwich(waypoint: way), "240.240.0.9:80"), (Sandwich(waypoint: way), "10.0.0.9:8080"),
            (Sandwich(waypoint: way, attachesService: true), "10.0.0.77:80"),
        ]
        for (sandwich, authority) in refused {
            guard case .failure(let failure) = try sandwich.decide(authority) else {
                Issue.record("accepted \(authority)")
                continue
            }
            #expect(failure.code == "destination_mismatch" && failure.status == 400)
            #expect(failure.message == "ip mismatch: 10.0.0.2 != \(authority.split(separator: ":")[0])")
        }
        // The name of another service is no way in either.
        guard case .failure(let failure) = try Sandwich(waypoint: way).decide("echo.demo.mesh.internal:80") else {
            Issue.record("accepted a foreign service's name")
            return
        }
        #expect(failure.code == "service_unknown")
    }

    @Test(
        arguments: [
            (nil, nil), ("for=\"10.0.0.1:4\"", nil), ("for=\"10.0.0.1:4\";host=echo.demo", "echo.demo"),
            ("host=\"echo.demo\";for=x", "echo.demo"), ("host=", nil), ("host=é", nil),
            (String(repeating: "x", count: 1_025) + ";host=a", nil),
        ] as [(String?, String?)]
    )
    func readsTheForwardedHost(_ header: String?, _ host: String?) {
        #expect(InboundTarget.serviceHost(forwarded: header) == host)
    }
}
