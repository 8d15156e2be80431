/// Why a tunnel could not be opened.
package enum TunnelError: Error, Sendable, CustomStringConvertible {
    /// The link to the peer failed before the tunnel was open.
    case link(LinkError)
    /// The peer answered CONNECT with this status.
    case refused(status: Int)
    /// The peer answered CONNECT with something that is no response.
    case malformedResponse
    /// The peer did not answer CONNECT in time.
    case responseTimedOut
    /// The peer reset the stream instead of answering.
    case reset(HTTP2ErrorCode)
    /// Too many connections wait for this peer.
    case overloaded
    /// The pool was closed.
    case closed

    package var description: String {
        switch self {
        case .link(let error): "\(error)"
        case .refused(let status): "http status: \(status)"
        case .malformedResponse: "the peer's CONNECT response is malformed"
        case .responseTimedOut: "no CONNECT response in time"
        case .reset(let code): "stream reset by peer: \(code)"
        case .overloaded: "too many connections wait for this peer"
        case .closed: "the tunnel pool is closed"
        }
    }
}
