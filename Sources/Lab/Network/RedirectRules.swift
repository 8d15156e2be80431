/// The redirect that ECS itself installs for a proxyConfiguration of type APPMESH.
///
/// A clone of the rules of the `aws-appmesh` CNI plugin in the task's nat table: inbound TCP to the app ports goes to
/// the ingress port, outbound TCP goes to the egress port except from the proxy's own user or group, to ignored ports
/// and to ignored addresses. IPv4 only, TCP only, at most 15 app ports, as ECS.
package struct RedirectRules: Sendable, Equatable {
    /// How many ports one multiport match takes; ECS drops the rest.
    package static let portLimit = 15
    /// Addresses that ECS adds to the ignored ones by itself: metadata, credentials and instance metadata.
    package static let alwaysIgnored = ["169.254.170.2", "169.254.169.254"]

    private(set) var ignoredUser: UInt32?
    private(set) var ignoredGroup: UInt32?
    private(set) var ingressPort: UInt16
    private(set) var egressPort: UInt16
    private(set) var appPorts: [UInt16]
    private(set) var ignoredPorts: [UInt16]
    private(set) var ignoredAddresses: [String]
    /// App ports past the limit, which nothing captures.
    package private(set) var droppedAppPorts: [UInt16]

    /// Reads the properties of a proxyConfiguration.
    ///
    /// Refuses what RegisterTaskDefinition refuses: a type other than APPMESH, a container that isn't there, a missing
    /// port, neither IgnoredUID nor IgnoredGID, text that is no number or no address.
    package init(_ configuration: ProxyConfiguration, containers: [String]) throws {
        func refuse(_ text: String) -> LabError { LabError(.invalidConfiguration, "proxyConfiguration: \(text)") }
        if let type = configuration.type, type != "APPMESH" {
            throw refuse("type \(type.prefix(40)) is unknown; APPMESH is the only one")
        }
        guard containers.contains(configuration.containerName) else {
            throw refuse("containerName \(configuration.containerName.prefix(255)) is no container of the task")
        }
        var properties: [String: String] = [:]
        for property in configuration.properties ?? [] { properties[property.name] = property.value }

        func ports(_ name: String) throws -> [UInt16] {
            try (properties[name] ?? "").split(separator: ",").map { text in
                let trimmed = text.drop { $0 == " " }
                guard let port = UInt16(trimmed.prefix { $0 != " " }), port > 0 else {
                    throw refuse("\(name) holds \(text.prefix(40)), which is no port")
                }
                return port
            }
        }
        func port(_ name: String, _ words: String) throws -> UInt16 {
            guard let first = try ports(name).first else { throw refuse("\(words) not found: give \(name)") }
            return first
        }
        func number(_ name: String) throws -> UInt32? {
            guard let text = properties[name], !text.isEmpty else { return nil }
            guard let value = UInt32(text) else { throw refuse("\(name) must be a number, not \(text.prefix(40))") }
            return value
        }

        self.ingressPort = try port("ProxyIngressPort", "Ingress port")
        self.egressPort = try port("ProxyEgressPort", "Egress port")
        self.ignoredUser = try number("IgnoredUID")
        self.ignoredGroup = try number("IgnoredGID")
        guard self.ignoredUser != nil || self.ignoredGroup != nil else { throw refuse("give IgnoredUID or IgnoredGID") }
        let all = try ports("AppPorts")
        guard !all.isEmpty else { throw refuse("App ports not found: give AppPorts") }
        self.appPorts = Array(all.prefix(Self.portLimit))
        self.droppedAppPorts = Array(all.dropFirst(Self.portLimit))
        self.ignoredPorts = Array(try ports("EgressIgnoredPorts").prefix(Self.portLimit))
        guard let addresses = properties["EgressIgnoredIPs"], !addresses.isEmpty else {
            throw refuse("Egress ignored IPs not found: give EgressIgnoredIPs")
        }
        var ignored: [String] = []
        for text in addresses.split(separator: ",").map({ String($0.filter { $0 != " " }) }) + Self.alwaysIgnored
        where !ignored.contains(text) {
            guard Self.isAddressOrNetwork(text) else {
                throw refuse("EgressIgnoredIPs holds \(text.prefix(40)), which is no IPv4 address or network")
            }
            ignored.append(text)
        }
        self.ignoredAddresses = ignored
    }

    private static func isAddressOrNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, IPv4Address(parsing: first) != nil else { return false }
        guard parts.count == 2 else { return true }
        return Int(parts[1]).map { (0...32).contains($0) } ?? false
    }

    /// The rules as input of `iptables-restore --noflush`, in the order in which ECS appends them.
    package var restoreInput: String {
        func list(_ ports: [UInt16]) -> String { ports.map(String.init).joined(separator: ",") }
        var lines = [
            "*nat",
            ":APPMESH_INGRESS - [0:0]",
            ":APPMESH_EGRESS - [0:0]",
            "-A APPMESH_INGRESS -p tcp -m multiport --dports \(list(self.appPorts)) -j REDIRECT --to-ports \(self.ingressPort)",
            "-A PREROUTING -p tcp -m addrtype ! --src-type LOCAL -j APPMESH_INGRESS",
        ]
        if let user = self.ignoredUser {
            lines.append("-A APPMESH_EGRESS -m owner --uid-owner \(user) -j RETURN")
        }
        if let group = self.ignoredGroup {
            lines.append("-A APPMESH_EGRESS -m owner --gid-owner \(group) -j RETURN")
        }
        if !self.ignoredPorts.isEmpty {
            lines.append("-A APPMESH_EGRESS -p tcp -m multiport --dports \(list(self.ignoredPorts)) -j RETURN")
        }
        for address in self.ignoredAddresses {
            lines.append("-A APPMESH_EGRESS -p tcp -d \(address) -j RETURN")
        }
        lines += [
            "-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports \(self.egressPort)",
            "-A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS",
            "COMMIT",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
