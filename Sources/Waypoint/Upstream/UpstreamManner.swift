import BoringTLS
import DataPlane
import TunnelEngine

/// How the bytes of a connection to an application are wrapped, inside the tunnel where there is one.
struct UpstreamManner {
    /// What goes first, before TLS: a PROXY header.
    var preface: [UInt8] = []
    /// TLS; nil for none.
    var security: UpstreamSecurity.Moment?
    /// What TLS says is spoken.
    var protocols = TLSProtocols.none

    /// Nothing around the bytes.
    static let bare = UpstreamManner()

    /// A session that has not begun; nil for no TLS.
    func session(on loop: EventLoop) throws(TLSError) -> TLSSession? {
        try self.security?.session(self.protocols, on: loop)
    }
}

extension TLSProtocols {
    /// What is said where HTTP is spoken.
    init(_ version: HTTPVersion) {
        switch version {
        case .http2: self = .http2
        default: self = .http11
        }
    }
}
