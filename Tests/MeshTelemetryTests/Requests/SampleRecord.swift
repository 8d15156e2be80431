@testable import MeshTelemetry

/// Requests for tests.
enum SampleRecord {
    static let client = PeerLabels(
        Self.facts {
            $0.workload = "shell-v1"
            $0.canonicalService = "shell"
            $0.namespace = "other"
            $0.principal = "spiffe://cluster.local/ns/demo/sa/shell"
            $0.cluster = "Kubernetes"
            $0.kind = "deployment"
            $0.instance = "shell-7"
        }
    )
    static let server = PeerLabels(
        Self.facts {
            $0.workload = "echo-v2"
            $0.canonicalService = "echo"
            $0.canonicalRevision = "v2"
            $0.namespace = "demo"
            $0.principal = "spiffe://cluster.local/ns/demo/sa/echo"
            $0.cluster = "Kubernetes"
        }
    )
    static let service = ServiceLabels(host: "echo.demo.mesh.internal", name: "echo", namespace: "demo")

    static func facts(_ fill: (inout PeerLabels.Facts) -> Void) -> PeerLabels.Facts {
        var facts = PeerLabels.Facts()
        fill(&facts)
        return facts
    }

    /// A request that went well: 2026-01-02T03:04:05.678Z, 12.345 ms.
    static func http(_ change: (inout RequestRecord) -> Void = { _ in }) -> RequestRecord {
        var record = RequestRecord(.http, start: 1_767_323_045_678_901_234)
        record.source = Self.client
        record.destination = Self.server
        record.service = Self.service
        record.security = .mutualTLS
        record.method = "GET"
        record.path = "/items?id=7"
        record.authority = "echo.demo:8080"
        record.version = .http11
        record.requestID = "f4a5c0f2-0c1d-4b3e-8f7a-001122334455"
        record.responseCode = 200
        record.responseDetails = "via_upstream"
        record.routeName = "default"
        record.cluster = "outbound|8080||echo.demo.mesh.internal"
        record.upstreamHost = "10.0.1.7:8080"
        record.upstreamLocalAddress = "10.0.1.2:40000"
        record.downstreamLocalAddress = "240.240.0.3:8080"
        record.downstreamRemoteAddress = "10.0.1.9:50123"
        record.localPrincipal = "spiffe://cluster.local/ns/demo/sa/waypoint"
        record.attempts = 1
        record.received.body = 17
        record.received.wire = 217
        record.sent.body = 99
        record.sent.wire = 300
        record.timing[.requestEnd] = 1_000
        record.timing[.forwardEnd] = 2_000
        record.timing[.answerBegin] = 11_500
        record.timing[.responseEnd] = 12_345
        change(&record)
        return record
    }

    static func tcp(_ change: (inout RequestRecord) -> Void = { _ in }) -> RequestRecord {
        var record = RequestRecord(.tcp, start: 1_767_323_045_678_901_234)
        record.source = Self.client
        record.destination = Self.server
        record.service = Self.service
        record.security = .mutualTLS
        change(&record)
        return record
    }
}
