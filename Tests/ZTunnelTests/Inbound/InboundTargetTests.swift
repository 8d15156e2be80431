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
