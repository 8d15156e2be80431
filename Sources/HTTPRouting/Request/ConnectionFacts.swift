package import MeshModel

/// What is known of a connection inside a tunnel. One object for all of its requests.
package final class ConnectionFacts: Sendable {
    /// The client as the tunnel's certificate proved it; never taken from a header.
    package let peer: SPIFFEID?
    /// Who we are on the tunnel.
    package let local: SPIFFEID?
    /// The tunnel's other end: the client's own address, as ztunnel dials from within the task.
    package let source: SocketAddress
    /// What the client asked for: the authority of the CONNECT request.
    package let destination: SocketAddress
    /// The server name of a TLS handshake that is passed through.
    package let serverName: String?

    /// Joins the facts.
    package init(
        peer: SPIFFEID?,
        local: SPIFFEID?,
        source: SocketAddress,
        destination: SocketAddress,
        serverName: String? = nil
    ) {
        self.peer = peer
        self.local = local
        self.source = source
        self.destination = destination
        self.serverName = serverName
    }
}
