/// Who may be at the other end of a session.
package enum PeerExpectation: Sendable, Hashable {
    /// Any SPIFFE id `spiffe://<trust domain>/ns/<namespace>/sa/<service account>` of this trust domain.
    case anyIdentity(trustDomain: String)
    /// One of these SPIFFE ids, given as URIs; compared as parsed ids. An empty list admits nobody.
    case oneOf([String])
    /// A host whose DNS name or IP address (v4 or v6, without brackets) is among the certificate's names.
    ///
    /// A DNS name is also sent as SNI. The alternatives are DNS names that do as well, tried in order when the host
    /// itself isn't there.
    case host(String, alternatives: [String] = [])
    /// A chain that leads to the roots, with one of these names among the certificate's: a URI where it holds `://`, an
    /// IP address where it reads as one, else a DNS name. An empty list admits nobody. The server name is sent as SNI.
    case anyName([String], serverName: String?)
    /// Nobody is checked: a client takes any certificate, a server asks for none. For applications whose owner wants no
    /// more than encryption; no identity comes of it. The server name is sent as SNI.
    case unchecked(serverName: String?)
}

/// Which side of the handshake a session plays.
package enum TLSRole: Sendable, Hashable {
    /// Dials: speaks first, and offers protocols.
    case client
    /// Accepts: demands a client certificate, unless nobody is checked, and chooses a protocol.
    case server
}
