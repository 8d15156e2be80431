/// Where a connection of a local application goes.
package enum OutboundDecision: Hashable, Sendable {
    /// To the original destination, untouched: the mesh does not know it.
    case passthrough(SocketAddress)
    /// In plain TCP to a workload that has no tunnel.
    case direct(DirectRoute)
    /// Through an HBONE tunnel.
    case tunnel(TunnelRoute)
    /// The name is not the mesh's: resolve it by DNS and pass the connection through.
    case unknownHost
    /// Nowhere; the text says what to check.
    case refuse(RefusalCode, detail: String)
}

/// A plain connection to a workload.
package struct DirectRoute: Hashable, Sendable {
    /// Where to connect.
    package var destination: SocketAddress
    /// Who is there.
    package var workload: Workload
    /// The service that was asked for; nil when the workload was.
    package var service: Service?
}

/// A tunnel to a workload.
package struct TunnelRoute: Hashable, Sendable {
    /// Where the tunnel's connection goes: the workload's HBONE port.
    package var destination: SocketAddress
    /// The address and port behind the tunnel.
    package var target: SocketAddress
    /// The peer must prove one of these.
    package var expectedIdentities: [SPIFFEID]
    /// Who is there.
    package var workload: Workload
    /// The service that was asked for; nil when the workload was.
    package var service: Service?

    /// The CONNECT request's `:authority`.
    package var authority: String { "\(self.target)" }
}
