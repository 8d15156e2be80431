/// One live connection, as the admin endpoint lists it.
package struct ConnectionEntry: Hashable, Sendable {
    /// How the bytes travel.
    package enum Transport: String, Hashable, Sendable {
        /// In plain TCP.
        case tcp = "TCP"
        /// In a tunnel.
        case hbone = "HBONE"
        /// In a tunnel within a gateway's tunnel.
        case doubleHBONE = "DOUBLEHBONE"
    }

    /// Whether it is the local workload's client side.
    package var isOutbound: Bool
    /// The client's `ip:port`.
    package var source: String
    /// Where it wanted to go: the captured destination outbound, the service that the peer named inbound; nil where
    /// nobody said.
    package var originalDestination: String?
    /// What was dialed; nil while nothing is.
    package var destination: String?
    /// How the bytes travel.
    package var transport: Transport
    /// The peer's SPIFFE URI, if mutual TLS proved it.
    package var peer: String?
    /// The hostname of the service asked for.
    package var service: String?
    /// The authority of the tunnel.
    package var authority: String?
    /// Whether bytes can flow.
    package var isEstablished: Bool
    /// Milliseconds since it came.
    package var ageMilliseconds: UInt64
    /// Bytes from client to server, at most some seconds old.
    package var bytesReceived: UInt64
    /// Bytes from server to client, at most some seconds old.
    package var bytesSent: UInt64
}
