/// One way to reach what a client asked for: what to dial, what to say there, who must answer.
package struct OutboundRoute: Hashable, Sendable {
    /// How the bytes go once the connection stands.
    package enum Passage: Hashable, Sendable {
        /// As they are.
        case plain
        /// Through an HBONE tunnel.
        case tunnel(TunnelHop)
        /// Through a tunnel to the other network's gateway and a second one inside it, which that gateway can't read.
        case nested(outer: TunnelHop, inner: TunnelHop)
    }

    /// How many routes a decision holds at most.
    package static let maximumCandidates = 3

    /// Where to connect.
    package var address: HopAddress
    /// How the bytes go from there.
    package var passage: Passage
    /// The uid of the workload at ``address``: of the endpoint, the waypoint or the network gateway.
    package var peer: String
    /// Who serves the connection as far as is known here: the endpoint, or the waypoint in front of it.
    package var workload: Workload
    /// The service that was asked for; nil when a workload was.
    package var service: Service?
    /// The waypoint that the connection goes through; nil without one.
    package var waypoint: GatewayAddress?

    /// Joins the parts.
    /// - Parameter peer: the uid of the workload at `address`; nil where that is `workload` itself.
    package init(
        address: HopAddress,
        passage: Passage,
        workload: Workload,
        service: Service?,
        waypoint: GatewayAddress? = nil,
        peer: String? = nil
    ) {
        self.address = address
        self.passage = passage
        self.peer = peer ?? workload.uid
        self.workload = workload
        self.service = service
        self.waypoint = waypoint
    }

    /// Whether the peer has to prove its identity.
    package var isProtected: Bool { self.passage != .plain }
}

/// One HTTP/2 CONNECT over mutual TLS.
package struct TunnelHop: Hashable, Sendable {
    /// What the CONNECT request asks for.
    package enum Authority: Hashable, Sendable {
        /// The address that the hop connects to, with this port instead of its own.
        case endpoint(port: UInt16)
        /// This text.
        case fixed(String)
    }

    /// What the CONNECT request asks for.
    package var authority: Authority
    /// The peer must prove one of these.
    package var expectedIdentities: [SPIFFEID]

    /// Joins the two.
    package init(authority: Authority, expectedIdentities: [SPIFFEID]) {
        self.authority = authority
        self.expectedIdentities = expectedIdentities
    }

    /// The request's `:authority` for a hop that connects to `address`.
    package func authority(at address: IPAddress) -> String {
        switch self.authority {
        case .endpoint(let port): "\(SocketAddress(ip: address, port: port))"
        case .fixed(let text): text
        }
    }
}

/// Where a connection goes: an address, or a name to ask DNS for.
package struct HopAddress: Hashable, Sendable, CustomStringConvertible {
    /// An address or a name.
    package enum Host: Hashable, Sendable {
        case ip(IPAddress)
        /// - Parameter prefersV4: the family to take where the name has both; nil takes either.
        case name(String, prefersV4: Bool?)
    }

    /// An address or a name.
    package var host: Host
    /// The port.
    package var port: UInt16

    /// Joins the two.
    package init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// An address.
    package init(_ address: SocketAddress) { self.init(host: .ip(address.ip), port: address.port) }

    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `db.example.org:5432`.
    package var description: String {
        switch self.host {
        case .ip(let ip): "\(SocketAddress(ip: ip, port: self.port))"
        case .name(let name, _): "\(name):\(self.port)"
        }
    }
}
