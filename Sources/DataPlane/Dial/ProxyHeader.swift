package import MeshModel

/// A PROXY protocol header, version 2, as Istio's ztunnel sends it to an application that is itself a proxy.
///
/// It goes before the connection's first byte. See the PROXY protocol's specification, section 2.2.
package struct ProxyHeader: Hashable, Sendable {
    /// Where the connection comes from.
    package var source: SocketAddress
    /// Where it was meant to go.
    package var destination: SocketAddress
    /// The peer's SPIFFE URI, where mutual TLS proved one.
    package var identity: String?
    /// The host name that was asked for, where one was.
    package var host: String?

    /// Joins the parts.
    package init(source: SocketAddress, destination: SocketAddress, identity: String? = nil, host: String? = nil) {
        self.source = source
        self.destination = destination
        self.identity = identity
        self.host = host
    }

    /// Istio's types for the extra values.
    private enum Extra {
        static let identity: UInt8 = 0xd0
        static let host: UInt8 = 0xd1
    }

    private static let signature: [UInt8] = [
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
    ]
    /// Values longer than this are left out; a SPIFFE URI has at most 2048 bytes.
    private static let valueBytes = 2_048

    /// The header's bytes; at most about 4.2 KiB.
    ///
    /// Where the families differ both addresses are written as IPv6, so that neither is lost.
    package var bytes: [UInt8] {
        let isV4 = self.source.ip.canonical.isV4 && self.destination.ip.canonical.isV4
        var rest: [UInt8] = []
        rest += Self.octets(self.source.ip, isV4: isV4)
        rest += Self.octets(self.destination.ip, isV4: isV4)
        rest += Self.big(self.source.port) + Self.big(self.destination.port)
        for (type, value) in [(Extra.identity, self.identity), (Extra.host, self.host)] {
            guard let value, !value.isEmpty, value.utf8.count <= Self.valueBytes else { continue }
            rest += [type] + Self.big(UInt16(truncatingIfNeeded: value.utf8.count)) + Array(value.utf8)
        }
        // Version 2 and command PROXY; then the family and "stream".
        let head: [UInt8] = [0x21, isV4 ? 0x11 : 0x21]
        return Self.signature + head + Self.big(UInt16(truncatingIfNeeded: rest.count)) + rest
    }

    /// In version 1, of a connection that was not made for anybody else.
    package static let unknownText = Array("PROXY UNKNOWN\r\n".utf8)
    /// In version 2, of a connection that was not made for anybody else (command LOCAL): a health check.
    package static let localBytes = Self.signature + [0x20, 0, 0, 0]

    /// The header in version 1: a line of text, at most 107 bytes (the specification's section 2.1).
    package var text: [UInt8] {
        let (source, destination) = (self.source.ip.canonical, self.destination.ip.canonical)
        guard source.isV4 == destination.isV4 else { return Self.unknownText }
        let family = source.isV4 ? "TCP4" : "TCP6"
        return Array("PROXY \(family) \(source) \(destination) \(self.source.port) \(self.destination.port)\r\n".utf8)
    }

    private static func big(_ number: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    private static func octets(_ ip: IPAddress, isV4: Bool) -> [UInt8] {
        let bytes = ip.canonical.bytes
        if isV4 || bytes.count == 16 { return bytes }
        return [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes
    }
}
