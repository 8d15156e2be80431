package import MeshModel

/// `ISTIO_META_DNS_PROXY_ADDR`: where the DNS proxy listens, written `localhost:PORT` or `IP:PORT`.
package enum DNSListenAddress: Hashable, Sendable {
    /// On the loopback, IPv4 and IPv6.
    case loopback(port: UInt16)
    /// On this address only.
    case address(SocketAddress)

    /// Port 15053 of the loopback.
    package static let standard = DNSListenAddress.loopback(port: 15_053)

    static let allowed = "localhost:PORT or IP:PORT"

    /// Reads either form; nil when malformed.
    package init?(parsing text: String) {
        let prefix = "localhost:"
        if text.hasPrefix(prefix) {
            let digits = text.dropFirst(prefix.count)
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let port = UInt16(digits)
            else { return nil }
            self = .loopback(port: port)
        } else if let address = SocketAddress(parsing: text) {
            self = .address(address)
        } else {
            return nil
        }
    }

    /// The port.
    package var port: UInt16 {
        switch self {
        case .loopback(let port): port
        case .address(let address): address.port
        }
    }
}
