/// The lab's IPv6 network: unique local addresses whose last 32 bits are an IPv4 address of the lab.
package struct IPv6Network: Hashable, Sendable, CustomStringConvertible {
    /// The number of leading bits that all addresses share.
    package static let prefixLength = 96

    private let prefix: String

    /// The network that goes with an IPv4 network; two labs on one machine have different ones.
    package init(beside network: IPv4Network) {
        self.prefix = "fd74:756c:6c65:\(String(network.first.bits >> 16, radix: 16))::"
    }

    /// The number of leading bits that all addresses share.
    package var prefixLength: Int { Self.prefixLength }

    /// The address that goes with an IPv4 address.
    package func address(of address: IPv4Address) -> String {
        "\(self.prefix)\(String(address.bits >> 16, radix: 16)):\(String(address.bits & 0xffff, radix: 16))"
    }

    package var description: String { "\(self.prefix)/\(Self.prefixLength)" }
}
