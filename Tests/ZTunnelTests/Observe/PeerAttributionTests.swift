import DataPlane
import DataPlaneTestSupport
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import ZTunnel

struct PeerAttributionTests {
    private let ip = IPAddress(v4: 0x0a00_0001)
    private let shell: SPIFFEID
    private let local: Workload
    private let snapshot: MeshSnapshot
    private let headers = [
        HTTP2Header("baggage", "k8s.namespace.name=far"), HTTP2Header("baggage", "k8s.deployment.name=caller"),
    ]

    init() throws {
        self.shell = try TestMesh.identity("shell")
        var local = try TestMesh.workload("echo", IPAddress(v4: 0x0a00_0002), port: 8_080)
        local.network = "net1"
        self.local = local
        var shell = try TestMesh.workload("shell", self.ip, port: 1)
        shell.network = "net1"
        var change = MeshChange()
        change.workloads = [local, shell]
        self.snapshot = MeshSnapshot(change)
    }

    private func of(
        _ identity: SPIFFEID?,
        _ headers: [HTTP2Header],
        readsBaggage: Bool = true
    ) -> PeerAttribution {
        .of(
            self.ip,
            identity: identity,
            headers: headers,
            readsBaggage: readsBaggage,
            local: self.local,
            in: self.snapshot
        )
    }

    @Test func knowsThePeerByItsAddress() {
        #expect(self.of(self.shell, []).workload?.name == "shell-1")
        #expect(self.of(nil, []).workload?.name == "shell-1")
    }

    @Test func takesNoAddressForSomebodyWithAnotherIdentity() throws {
        let found = self.of(try TestMesh.identity("other"), self.headers)
        #expect(found.workload == nil)
        #expect(found.baggage.workload == "caller")
        #expect(found.baggage.namespace == "far")
    }

    @Test func takesBaggageAloneFromAnotherNetwork() {
        let found = self.of(self.shell, self.headers + [HTTP2Header("x-forwarded-network", "net2")])
        #expect(found.workload == nil)
        #expect(found.baggage.workload == "caller")
    }

    @Test func knowsItsOwnNetworkInAnyCase() {
        let found = self.of(self.shell, [HTTP2Header("x-forwarded-network", "NET1")])
        #expect(found.workload?.name == "shell-1")
    }

    @Test func readsNoBaggageWhileItIsSwitchedOff() {
        let found = self.of(
            self.shell,
            self.headers + [HTTP2Header("x-forwarded-network", "net2")],
            readsBaggage: false
        )
        #expect(found.baggage.workload.isEmpty)
        // The namespace is the proven one.
        #expect(found.baggage.namespace == "demo")
    }
}
