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
        var text = ""
        text.reserveCapacity(240)
        func add(_ name: String, _ value: String) {
            guard self.isPlain(value) else { return }
            if !text.isEmpty { text += "," }
            text += name
            text += "="
            text += value
        }
        add("k8s.cluster.name", workload.clusterID)
        add("k8s.namespace.name", workload.namespace)
        add("k8s.\(workload.kind.rawValue).name", workload.workloadName)
        add("service.name", workload.canonicalName)
        add("service.version", workload.canonicalRevision)
        add("cloud.region", workload.locality.region)
        add("cloud.availability_zone", workload.locality.zone)
        return text
    }

    private static func isPlain(_ value: String) -> Bool {
        (1...255).contains(value.utf8.count)
            && value.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    false
                default: byte > 0x20 && byte < 0x7f
                }
            }
    }
}
