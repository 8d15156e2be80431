import Testing

@testable import MeshTelemetry

struct WorkloadBaggageTests {
    @Test func readsIstiosMembersFromAllHeaders() {
        let baggage = WorkloadBaggage(parsing: [
            "k8s.cluster.name=K1,k8s.namespace.name=NS1, k8s.deployment.name = N1 ;p=1,service.name=N2",
            "service.version=V1,cloud.region=r,cloud.availability_zone=z,other=x,alone",
        ])
        var expected = WorkloadBaggage()
        expected.cluster = "K1"
        expected.namespace = "NS1"
        expected.workload = "N1"
        expected.kind = "deployment"
        expected.service = "N2"
        expected.revision = "V1"
        expected.region = "r"
        expected.zone = "z"
        #expect(baggage == expected)
    }

    @Test(arguments: ["cronjob", "pod", "job", "deployment"])
    func readsTheWorkloadOfAnyKind(_ kind: String) {
        #expect(WorkloadBaggage(parsing: ["k8s.\(kind).name=x"]).workload == "x")
    }

    @Test(arguments: ["", ",,", "k8s.cluster.name=", "=x", "k8s.cluster.name"])
    func takesEmptyForMissing(_ text: String) {
        #expect(WorkloadBaggage(parsing: [text]).isEmpty)
    }

    @Test func boundsWhatAPeerCanSay() {
        let long = String(repeating: "x", count: WorkloadBaggage.maximumValueBytes + 1)
        #expect(WorkloadBaggage(parsing: ["service.name=\(long)"]).isEmpty)
        let many = String(repeating: "a=b,", count: WorkloadBaggage.maximumMembers) + "service.name=x"
        #expect(WorkloadBaggage(parsing: [many]).isEmpty)
    }

    @Test func labelsTheAppByTheWorkloadsName() {
        let labels = WorkloadBaggage(parsing: ["k8s.pod.name=w,service.name=s,service.version=v"])
            .labels(principal: "spiffe://cluster.local/ns/demo/sa/shell")
        #expect(
            labels.values == [
                "w", "s", "v", "unknown", "spiffe://cluster.local/ns/demo/sa/shell", "w", "v", "unknown",
            ]
        )
        #expect(labels.isKnown)
        #expect(!WorkloadBaggage().labels(principal: nil).isKnown)
    }
}
