/// An IP address and a TCP or UDP port.
package struct SocketAddress: Hashable, Sendable {
    /// The address.
    package var ip: IPAddress
    /// The port in host order.
    package var port: UInt16

    /// Joins an address and a port.
    package init(ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// The same address with an IPv4-mapped IPv6 address turned into IPv4.
    package var canonical: SocketAddress { SocketAddress(ip: self.ip.canonical, port: self.port) }
}

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1:80` or `[2001:db8::1]:80`.
    package var description: String { self.ip.isV4 ? "\(self.ip):\(self.port)" : "[\(self.ip)]:\(self.port)" }

    /// Parses `192.0.2.1:80` or `[2001:db8::1]:80`; nil when malformed. A port is required.
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.count <= 64 else { return nil }
        if let plain = SocketAddress(v4: Array(text.utf8)) {
            self = plain
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let portText = text[text.index(after: colon)...]
        guard (1...5).contains(portText.utf8.count), portText.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(portText)
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 {
            guard let ip = IPAddress(parsing: host.dropFirst().dropLast()), !ip.isV4 else { return nil }
            self.init(ip: ip, port: port)
        } else {
            guard let ip = IPAddress(parsing: host), ip.isV4 else { return nil }
            self.init(ip: ip, port: port)
        }
    }

    /// Parses `192.0.2.1:80`, the form that nearly every tunnel is asked for by; nil for anything else.
    private init?(v4 text: [UInt8]) {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text.count - colon <= 6 else { return nil }
        var port: UInt32 = 0
        for digit in text[(colon + 1)...] {
            guard (48...57).contains(digit) else { return nil }
            port = port * 10 + UInt32(digit - 48)
        }
        guard text.count > colon + 1, port <= UInt32(UInt16.max), let v4 = IPAddress.parseV4(text[..<colon]) else {
            return nil
        }
        self.init(ip: IPAddress(v4: v4), port: UInt16(port))
    }
}
