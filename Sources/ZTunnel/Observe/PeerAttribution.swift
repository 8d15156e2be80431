import MeshModel
import MeshTelemetry
import TunnelEngine

/// Who a peer is, for telemetry: what the mesh knows of its address, or what it says of itself.
struct PeerAttribution {
    /// The workload that has the peer's address; nil where that would name somebody else.
    var workload: Workload?
    /// What the peer says of itself.
    var baggage = WorkloadBaggage()

    /// Looks the peer up.
    /// - Parameters:
    ///   - identity: what mutual TLS proved; nil for plain connections.
    ///   - request: the CONNECT request; nil for plain connections.
    ///   - readsBaggage: whether `ENABLE_RESPONSE_BAGGAGE` lets the peer's words count.
    ///   - local: the workload beside this ztunnel.
    static func of(
        _ ip: IPAddress,
        identity: SPIFFEID?,
        request: TunnelRequest?,
        readsBaggage: Bool,
        local: Workload,
        in snapshot: MeshSnapshot
    ) -> PeerAttribution {
        self.of(
            ip,
            identity: identity,
            headers: request?.headers ?? [],
            readsBaggage: readsBaggage,
            local: local,
            in: snapshot
        )
    }

    /// The same from a request's headers.
    static func of(
        _ ip: IPAddress,
        identity: SPIFFEID?,
        headers: [HTTP2Header],
        readsBaggage: Bool,
        local: Workload,
        in snapshot: MeshSnapshot
    ) -> PeerAttribution {
        var found = PeerAttribution()
        if readsBaggage, identity != nil {
            let values = headers.filter { $0.name == "baggage" }.map(\.value)
            found.baggage = WorkloadBaggage(parsing: values)
        }
        if let identity, found.baggage.namespace.isEmpty { found.baggage.namespace = identity.namespace }
        // Through a gateway the address is the gateway's, and its workload is not the client.
        let network = headers.first(named: "x-forwarded-network")
        let isForwarded = network.map { $0.lowercased() != local.network.lowercased() } ?? false
        guard !isForwarded else { return found }
        // An address can be somebody else's by now: the workload counts only if it fits the proven identity.
        found.workload = snapshot.workload(at: NetworkAddress(network: local.network, ip: ip)).flatMap { workload in
            identity == nil || workload.identity == identity ? workload : nil
        }
        return found
    }
}
