import Foundation

/// The host's side of the lab's VPC: one bridge that carries the router's address and ECS's link-local address.
package struct HostNetwork: Sendable {
    /// Where ECS answers tasks: metadata and credentials.
    package static let metadataAddress = "169.254.170.2"

    private let bridge: String
    private let network: IPv4Network
    private let networkV6: IPv6Network?
    private let ledger: Ledger
    private let tools = Tools()

    package init(bridge: String, network: IPv4Network, networkV6: IPv6Network?, ledger: Ledger) {
        self.bridge = bridge
        self.network = network
        self.networkV6 = networkV6
        self.ledger = ledger
    }

    /// Makes the bridge.
    ///
    /// Refuses if an interface of its name is there, or if the network overlaps a route of the host.
    package func make() async throws {
        guard !Cleaner.hasLink(self.bridge) else {
            throw LabError(
                .foreignResource,
                "network interface \(self.bridge) is there and isn't this lab's: run `tulle-lab down` with the state"
                    + " directory of the lab that made it, or choose another name with --bridge"
            )
        }
        try await self.checkRoutes()
        try self.ledger.willMake(.bridge(name: self.bridge))
        var commands = [
            "link add \(self.bridge) address \(self.hardwareAddress) type bridge forward_delay 0 stp_state 0"
                + " mcast_snooping 0",
            "address add \(self.network.gateway)/\(self.network.prefixLength) dev \(self.bridge)",
            "address add \(Self.metadataAddress)/32 dev \(self.bridge)",
            "link set \(self.bridge) up",
        ]
        if let network = self.networkV6 {
            let gateway = network.address(of: self.network.gateway)
            commands.append("address add \(gateway)/\(network.prefixLength) dev \(self.bridge) nodad")
        }
        try await self.tools.run("ip", ["-batch", "-"], input: commands.joined(separator: "\n") + "\n")
        try await self.allowBridgedFrames()
    }

    /// The router's hardware address, made of its IPv4 address.
    ///
    /// A bridge without one of its own takes the lowest of its ports': it would change as tasks come and go, and tasks
    /// that knew the old one could not reach the router until they ask for it again, up to a minute later.
    package var hardwareAddress: String {
        let bytes = withUnsafeBytes(of: self.network.gateway.bits.bigEndian, Array.init)
        return (["02", "0a"] + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }).joined(separator: ":")
    }

    private func checkRoutes() async throws {
        let routes = try await self.tools.run("ip", ["-4", "route", "show", "table", "main"])
        for line in routes.split(separator: "\n") {
            guard let first = line.split(separator: " ").first, first != "default",
                let address = IPv4Address(parsing: first.split(separator: "/").first ?? "")
            else { continue }
            let length = first.split(separator: "/").dropFirst().first.flatMap { Int($0) } ?? 32
            let other = try? IPv4Network(parsing: "\(address)/\(min(max(length, 8), 28))")
            if self.network.contains(address) || (other?.contains(self.network.first) ?? false) {
                throw LabError(
                    .foreignResource,
                    "the host has a route to \(first), which overlaps the lab's \(self.network): choose another network"
                        + " with --subnet"
                )
            }
        }
    }

    /// Where the host filters bridged frames (Docker switches that on), lets the lab's own pass.
    private func allowBridgedFrames() async throws {
        let path = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), text.hasPrefix("1") else { return }
        let rule = ["FORWARD", "-i", self.bridge, "-o", self.bridge, "-j", "ACCEPT"]
        try self.ledger.willMake(.forwardRule(arguments: rule))
        try await self.tools.run("iptables", ["-w", "5", "-I"] + rule)
    }
}
