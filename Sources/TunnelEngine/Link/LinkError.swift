package import BoringTLS

/// Why a link ended.
package enum LinkError: Error, Sendable, CustomStringConvertible {
    /// The TCP connection failed or was refused.
    case socket(SocketError)
    /// The connect deadline passed.
    case connectTimedOut
    /// The peer did not finish TLS and HTTP/2 set-up in time.
    case handshakeTimedOut
    /// TLS failed; the peer may not be who it should be.
    case tls(TLSError)
    /// The peer broke HTTP/2.
    case http2(HTTP2Error)
    /// The peer closed the connection.
    case closedByPeer
    /// The peer was accepted once and would not be any more: its certificate was revoked, has ended, or no root
    /// vouches for it now.
    case peerDisowned(TLSError)
    /// The peer did not answer a PING.
    case keepAliveTimedOut
    /// Peers of this identity have too many links already.
    case tooManyOfIdentity(String)
    /// This side closed it.
    case closedLocally

    package var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .connectTimedOut: "connect timed out"
        case .handshakeTimedOut: "TLS handshake timed out"
        case .tls(let error): "TLS: \(error)"
        case .http2(let error): "HTTP/2: \(error)"
        case .closedByPeer: "connection closed by peer"
        case .peerDisowned(let error): "peer is not accepted any more: \(error)"
        case .keepAliveTimedOut: "no answer to keep-alive"
        case .tooManyOfIdentity(let identity): "too many connections of \(identity)"
        case .closedLocally: "connection closed"
        }
    }
}
