import DataPlane
import DataPlaneTestSupport
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import ZTunnel

struct TunnelHeadersTests {
    private func client() throws -> Workload {
        var workload = try TestMesh.workload("shell", IPAddress(v4: 1), port: 1)
        workload.canonicalRevision = "v1"
        workload.locality.region = "eu-west-1"
        return workload
    }

    @Test func tellsTheClientInIstiosOrder() throws {
        #expect(
            TunnelHeaders.baggage(try self.client()) == """
                k8s.cluster.name=c1,k8s.namespace.name=demo,k8s.pod.name=shell,service.name=shell,service.version=v1,\
                cloud.region=eu-west-1
                """
        )
    }

    @Test(arguments: ["a,b", "a b", "a=b", "a\r\nx", "é", ""])
    func leavesOutWhatWouldNeedEscaping(_ name: String) throws {
        var workload = try self.client()
        workload.canonicalName = name
        #expect(!TunnelHeaders.baggage(workload).contains("service.name"))
    }

    @Test("28: says for whom, in both families, and which service was asked for")
    func forwarded() throws {
        var random = SystemRandomNumberGenerator()
        let trace = TraceContext(using: &random)
        func forwarded(_ ip: IPAddress, _ port: UInt16, _ service: Service? = nil) throws -> String? {
            TunnelHeaders.request(
                authority: "10.0.0.2:8080",
                client: try self.client(),
                source: SocketAddress(ip: ip, port: port),
                service: service,
                trace: trace
            ).first(named: "forwarded")
        }
        #expect(try forwarded(IPAddress(v4: 0x0102_0304), 80) == "for=\"1.2.3.4:80\"")
        #expect(try forwarded(IPAddress(v6High: 0, v6Low: 1), 80) == "for=\"[::1]:80\"")
        let service = TestMesh.service("echo", vip: "240.240.0.1", port: 80)
        #expect(
            try forwarded(IPAddress(v4: 0x0102_0304), 80, service) == "for=\"1.2.3.4:80\";host=echo.demo.mesh.internal"
        )
    }

    @Test func offersNoBaggageWhileItIsSwitchedOff() throws {
        #expect(TunnelHeaders.answer(try self.client(), withBaggage: true).map(\.name) == ["baggage"])
        #expect(TunnelHeaders.answer(try self.client(), withBaggage: false).isEmpty)
    }

    @Test func makesAConnectRequest() throws {
        var random = SystemRandomNumberGenerator()
        let trace = TraceContext(using: &random)
        let headers = TunnelHeaders.request(
            authority: "10.0.0.2:8080",
            client: try self.client(),
            source: SocketAddress(ip: IPAddress(v4: 0x0a00_0001), port: 4_000),
            service: TestMesh.service("echo", vip: "240.240.0.1", port: 80),
            trace: trace
        )
        #expect(headers.map(\.name) == [":method", ":authority", "baggage", "forwarded", "traceparent"])
        #expect(headers.first(named: ":method") == "CONNECT")
        #expect(headers.first(named: "forwarded") == "for=\"10.0.0.1:4000\";host=echo.demo.mesh.internal")
        #expect(headers.first(named: "traceparent") == trace.header)
    }
}
