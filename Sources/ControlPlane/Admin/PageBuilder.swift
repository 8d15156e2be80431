import MeshConfig
import MeshModel
import MeshProtos

/// Members of a JSON object; those without a value are left out.
struct PageBuilder {
    private(set) var members: [String: ConfigValue] = [:]

    /// The object.
    var value: ConfigValue { .map(self.members) }

    /// A text, left out when it is empty.
    mutating func text(_ name: String, _ text: String) {
        if !text.isEmpty { self.members[name] = .string(text) }
    }

    /// A member, also an empty one.
    mutating func set(_ name: String, _ value: ConfigValue) { self.members[name] = value }

    /// A member, left out when there is none.
    mutating func optional(_ name: String, _ value: ConfigValue?) { self.members[name] = value }

    /// A list, left out when it is empty.
    mutating func list<Value>(_ name: String, _ values: [Value], _ write: (Value) -> ConfigValue) {
        if !values.isEmpty { self.members[name] = .list(values.map(write)) }
    }

    /// An object of these members.
    static func object(_ fill: (inout PageBuilder) -> Void) -> ConfigValue {
        var builder = PageBuilder()
        fill(&builder)
        return builder.value
    }

    /// An address of 4 or 16 bytes as text; "?" for any other.
    static func address(_ bytes: [UInt8]) -> String { IPAddress(bytes: bytes).map { "\($0)" } ?? "?" }

    /// `network/ip`.
    static func networkAddress(_ address: IstioWorkload.NetworkAddress) -> String {
        "\(address.network)/\(Self.address(address.address))"
    }

    /// A waypoint or gateway.
    static func gateway(_ gateway: IstioWorkload.GatewayAddress?) -> ConfigValue? {
        guard let gateway, let destination = gateway.destination else { return nil }
        return Self.object { page in
            switch destination {
            case .hostname(let name): page.text("destination", "\(name.namespace)/\(name.hostname)")
            case .address(let address): page.text("destination", Self.networkAddress(address))
            }
            page.set("hboneMtlsPort", .integer(Int64(gateway.hboneMTLSPort)))
        }
    }

    /// Service ports and their target ports.
    static func ports(_ ports: [IstioWorkload.Port]) -> ConfigValue {
        .map(
            Dictionary(ports.map { ("\($0.servicePort)", .integer(Int64($0.targetPort))) }) { first, _ in first }
        )
    }
}
