import DataPlane
import DataPlaneTestSupport
import MeshModel
import MeshTelemetry
import Testing

@testable import ZTunnel

@Suite struct WorkloadBaggageDescriptionTests {
    private func described(_ header: String) throws -> Workload {
        var workload = Workload(uid: "u", identity: try TestMesh.identity("echo"))
        workload.name = "old"
        WorkloadBaggage(parsing: [header]).describe(&workload)
        return workload
    }

    @Test("what we send is what is read")
    func ownBaggage() throws {
        var workload = Workload(uid: "u", identity: try TestMesh.identity("echo"))
        workload.clusterID = "c2"
        workload.kind = .deployment
        workload.workloadName = "echo-far"
        workload.canonicalName = "echo"
        workload.canonicalRevision = "v1"
        workload.locality = Locality(region: "r", zone: "z")
        let read = try self.described(TunnelHeaders.baggage(workload))
        #expect(read.clusterID == "c2")
        #expect(read.kind == .deployment)
        #expect(read.workloadName == "echo-far")
        #expect(read.name == "echo-far")
        #expect(read.canonicalName == "echo")
        #expect(read.canonicalRevision == "v1")
        #expect(read.locality == workload.locality)
        #expect(read.identity == workload.identity)
    }

    @Test(
        "what can't be read is left out",
        arguments: [
            "", ",,,", "=", "k8s.pod.name", "k8s.pod.name=", "k8s.pod.name=a b", "k8s.pod.name=é", "k8s.pod.name=;x=y",
            "k8s.pod.name=" + String(repeating: "a", count: 256), String(repeating: "a", count: 5_000),
            "k8s.pod.name=ok," + String(repeating: "a", count: 4_096),
        ]
    )
    func garbage(_ header: String) throws {
        #expect(try self.described(header).name == "old")
    }

    @Test func propertiesAndBlanksAreIgnored() throws {
        #expect(try self.described(" k8s.job.name = batch ;ttl=3 , x=y").name == "batch")
        #expect(try self.described("k8s.job.name=batch").kind == .job)
    }
}
