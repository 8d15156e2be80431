package import MeshModel

/// Where a connection is to go: a host with a port.
package enum DialTarget: Hashable, Sendable {
    /// An address.
    case address(SocketAddress)
    /// A name that is still to be resolved, lower-case and without a trailing dot, with a port.
    case name(String, port: UInt16)
}

extension DialTarget: CustomStringConvertible {
    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `echo.demo:80`.
    package var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        }
    }

    /// Makes a target from a host as written in a request; nil when it is neither an address nor a host name.
    ///
    /// Names may have letters, digits, `-` and `_` in labels of 1 to 63 bytes, 253 bytes in all. A name whose last
    /// label is a number is refused, because resolvers disagree on whether `1.2.3` is an address.
    package init?(host: some StringProtocol, port: UInt16) {
        guard port > 0 else { return nil }
        if let ip = IPAddress(parsing: host) {
            self = .address(SocketAddress(ip: ip.canonical, port: port))
            return
        }
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        guard (1...253).contains(name.utf8.count) else { return nil }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        guard labels.allSatisfy(Self.isLabel), let last = labels.last, !last.allSatisfy(Self.isDigit) else {
            return nil
        }
        self = .name(name.lowercased(), port: port)
    }

    /// Makes a target from `host:port` or `[v6]:port`.
    /// - Parameter defaultPort: the port where the text has none; nil if it must have one.
    package init?(authority: some StringProtocol, defaultPort: UInt16? = nil) {
        guard authority.utf8.count <= 300 else { return nil }
        if let address = SocketAddress(parsing: authority), address.ip.isV4 {
            guard address.port > 0 else { return nil }
            self = .address(address.canonical)
            return
        }
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let inside = authority[authority.index(after: authority.startIndex)..<close]
            guard let ip = IPAddress(parsing: inside), !ip.isV4,
                let port = Self.port(authority[authority.index(after: close)...], defaultPort)
            else { return nil }
            self = .address(SocketAddress(ip: ip.canonical, port: port))
            return
        }
        let colon = authority.firstIndex(of: ":") ?? authority.endIndex
        guard let port = Self.port(authority[colon...], defaultPort) else { return nil }
        self.init(host: authority[..<colon], port: port)
    }

    /// Reads `:80`, or nothing where there is a default.
    private static func port(_ text: some StringProtocol, _ defaultPort: UInt16?) -> UInt16? {
        if text.isEmpty { return defaultPort }
        let digits = text.dropFirst()
        guard text.hasPrefix(":"), (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isDigit),
            let port = UInt16(digits), port > 0
        else { return nil }
        return port
    }

    private static func isLabel(_ label: [UInt8]) -> Bool {
        (1...63).contains(label.count)
            && label.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: Self.isDigit(byte)
                }
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
