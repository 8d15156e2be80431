import MeshModel
import MeshYAML

/// Reads the values that several resources of a local file have in common.
enum LocalYAML {
    static func ip(_ value: YAMLValue) throws(YAMLError) -> IPAddress {
        guard let ip = IPAddress(parsing: try value.text()) else { throw value.error(allowed: "an IP address") }
        return ip.canonical
    }

    /// `10.0.0.0/8`, or an address alone.
    static func block(_ value: YAMLValue) throws(YAMLError) -> (base: IPAddress, length: Int) {
        let parts = try value.text().split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let ip = IPAddress(parsing: parts[0])?.canonical else {
            throw value.error(allowed: "an address or block such as 10.0.0.0/8")
        }
        let bits = ip.isV4 ? 32 : 128
        guard parts.count == 2 else { return (ip, bits) }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1]), length <= bits
        else { throw value.error(allowed: "a prefix length from 0 to \(bits)") }
        return (ip, length)
    }

    /// `network/ip`; the network may be empty, the slash not left out.
    static func networkAddress(_ value: YAMLValue) throws(YAMLError) -> NetworkAddress {
        guard let address = self.networkAddress(try value.text()) else {
            throw value.error(allowed: "network/IP, such as /10.0.0.1 for the network without a name")
        }
        return address
    }

    private static func networkAddress(_ text: String) -> NetworkAddress? {
        guard let slash = text.firstIndex(of: "/"), let ip = IPAddress(parsing: text[text.index(after: slash)...])
        else { return nil }
        return NetworkAddress(network: String(text[..<slash]), ip: ip)
    }

    /// A mapping of service ports to target ports.
    static func ports(_ value: YAMLValue) throws(YAMLError) -> [ServicePort] {
        var ports: [ServicePort] = []
        for (key, target) in try value.entries() {
            let port: UInt16 = try key.integer(in: 1...UInt16.max)
            ports.append(ServicePort(port: port, targetPort: try target.integer(in: 0...UInt16.max)))
        }
        return ports.sorted { $0.port < $1.port }
    }

    /// `destination` (network/IP first, namespace/hostname second, as upstream) and `hboneMtlsPort`.
    static func gateway(_ value: YAMLValue) throws(YAMLError) -> GatewayAddress {
        var fields = try value.fields()
        let destination = try fields.require("destination")
        let port: UInt16 = try fields.require("hboneMtlsPort").integer(in: 1...UInt16.max)
        try fields.finish()
        let text = try destination.text()
        if let address = self.networkAddress(text) {
            return GatewayAddress(destination: .address(address), hbonePort: port)
        }
        guard let name = NamespacedHostname(parsing: text) else {
            throw destination.error(allowed: "network/IP or namespace/hostname")
        }
        return GatewayAddress(destination: .hostname(name), hbonePort: port)
    }

    /// A namespace or name: not empty, and without a slash, as keys are made of them.
    static func name(_ value: YAMLValue) throws(YAMLError) -> String {
        let text = try value.text()
        guard (1...253).contains(text.utf8.count), !text.utf8.contains(UInt8(ascii: "/")) else {
            throw value.error(allowed: "1 to 253 bytes without a /")
        }
        return text
    }

    /// All elements of a list.
    static func list<Element>(
        _ value: YAMLValue?,
        _ read: (YAMLValue) throws(YAMLError) -> Element
    ) throws(YAMLError) -> [Element] {
        var list: [Element] = []
        for element in try value?.elements() ?? [] { list.append(try read(element)) }
        return list
    }
}
