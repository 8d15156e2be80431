package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// The headers that ztunnels tell each other about a connection with.
package enum TunnelHeaders {
    /// The CONNECT request for a tunnel.
    package static func request(
        authority: String,
        client: Workload,
        source: SocketAddress,
        service: Service?,
        trace: TraceContext
    ) -> [HTTP2Header] {
        var forwarded = "for=\"\(source)\""
        if let service { forwarded += ";host=\(service.hostname)" }
        return [
            HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", authority),
            HTTP2Header("baggage", self.baggage(client)), HTTP2Header("forwarded", forwarded),
            HTTP2Header("traceparent", trace.header),
        ].filter { !$0.value.isEmpty }
    }

    /// What the answer to a CONNECT request says of the workload behind it, besides its status.
    /// - Parameter withBaggage: whether `ENABLE_RESPONSE_BAGGAGE` lets it say anything.
    package static func answer(_ workload: Workload, withBaggage: Bool) -> [HTTP2Header] {
        let baggage = withBaggage ? self.baggage(workload) : ""
        return baggage.isEmpty ? [] : [HTTP2Header("baggage", baggage)]
    }

    /// Facts about a workload in Istio's order; fields without value, or whose value would need escaping, are left out.
    package static func baggage(_ workload: Workload) -> String {
        let fields: [(String, String)] = [
            ("k8s.cluster.name", workload.clusterID), ("k8s.namespace.name", workload.namespace),
            ("k8s.\(workload.kind.rawValue).name", workload.workloadName), ("service.name", workload.canonicalName),
            ("service.version", workload.canonicalRevision), ("cloud.region", workload.locality.region),
            ("cloud.availability_zone", workload.locality.zone),
        ]
        return fields.filter { self.isPlain($0.1) }.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
    }

    private static func isPlain(_ value: String) -> Bool {
        (1...255).contains(value.utf8.count)
            && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !",;=\"\\".utf8.contains($0) }
    }
}
