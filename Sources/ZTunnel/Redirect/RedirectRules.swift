import DataPlane
import MeshModel

/// Writes a redirect plan as nftables rules.
///
/// The text is exactly what `nft list table` prints for it (nftables 1.0), so that what is in the kernel can be compared
/// with what should be.
package struct RedirectRules: Hashable, Sendable {
    /// The table, which is ours alone.
    package static let table = "inet tulle"
    /// The mark that Istio puts on a connection whose answers must come back to the ztunnel.
    static let connectionMark: UInt32 = 0x111

    /// The table as `nft list table` prints it.
    package let listing: String

    /// Writes the rules of `plan`.
    package init(_ plan: RedirectPlan) {
        var lines = ["table \(Self.table) {"]
        for chain in Self.chains(plan) {
            if lines.count > 1 { lines.append("") }
            lines.append("\tchain \(chain.name) {")
            lines.append("\t\ttype \(chain.hook); policy accept;")
            lines += chain.rules.map { "\t\t\($0)" }
            lines.append("\t}")
        }
        lines.append("}")
        self.listing = lines.joined(separator: "\n") + "\n"
    }

    /// Replaces the table in one transaction, whether it is there or not.
    package var script: String { Self.removal + self.listing }

    /// Removes the table, whether it is there or not.
    package static var removal: String { "table \(self.table)\ndelete table \(self.table)\n" }

    /// Whether `listing`, as `nft list table` printed it, is these rules.
    package func matches(_ listing: String) -> Bool { Self.words(listing) == Self.words(self.listing) }

    private static func words(_ text: String) -> [Substring] { text.split { $0 == " " || $0 == "\t" || $0 == "\n" } }

    private struct Chain {
        var name: String
        var hook: String
        var rules: [String]
    }

    private static func chains(_ plan: RedirectPlan) -> [Chain] {
        var chains = [Chain(name: "output", hook: "nat hook output priority -100", rules: self.outbound(plan))]
        if plan.capturesInbound {
            chains.append(
                Chain(name: "prerouting", hook: "nat hook prerouting priority dstnat", rules: self.inbound(plan))
            )
        }
        if plan.preservesSource {
            let mark = self.hexadecimal(self.connectionMark)
            chains.append(
                Chain(
                    name: "mark_in",
                    hook: "filter hook prerouting priority mangle",
                    rules: ["\(self.ownMark) ct mark set ct mark & 0xfffff111 | \(mark)"]
                )
            )
            chains.append(
                Chain(
                    name: "mark_out",
                    hook: "route hook output priority mangle",
                    rules: ["ct mark & 0x00000fff == \(mark) meta mark set ct mark"]
                )
            )
        }
        if plan.capturesDNS {
            // The ztunnel's own query may have the ports of the application's, which conntrack would then mix up.
            let own = self.exemptions(plan).last ?? self.ownMark
            chains.append(
                Chain(
                    name: "zone_out",
                    hook: "filter hook output priority raw",
                    rules: ["\(own) udp dport 53 ct zone set 1"]
                )
            )
            chains.append(
                Chain(
                    name: "zone_in",
                    hook: "filter hook prerouting priority raw",
                    rules: ["iifname != \"lo\" udp sport 53 ct zone set 1"]
                )
            )
        }
        return chains
    }

    private static func outbound(_ plan: RedirectPlan) -> [String] {
        var rules = self.exemptions(plan).map { "\($0) return" }
        if plan.preservesSource {
            rules.append("ct mark & 0x00000fff == \(self.hexadecimal(self.connectionMark)) return")
        }
        // What the task says to itself is its own business.
        rules.append("oifname \"lo\" return")
        if !plan.capturesIPv6 { rules.append("meta nfproto ipv6 return") }
        for network in plan.excludedNetworks {
            rules.append("\(network.base.isV4 ? "ip" : "ip6") daddr \(network.masked) return")
        }
        rules += plan.excludedPorts.map { "tcp dport \($0) return" }
        if plan.capturesDNS {
            rules.append("udp dport 53 redirect to :\(self.dnsPort)")
            rules.append("tcp dport 53 redirect to :\(self.dnsPort)")
        }
        rules.append("meta l4proto tcp redirect to :\(MeshPorts.outbound)")
        return rules
    }

    private static func inbound(_ plan: RedirectPlan) -> [String] {
        var rules = plan.exemption == .mark || plan.preservesSource ? ["\(self.ownMark) return"] : []
        rules.append("iifname \"lo\" return")
        if !plan.capturesIPv6 { rules.append("meta nfproto ipv6 return") }
        for port in [MeshPorts.inboundTunnel] + plan.excludedInboundPorts { rules.append("tcp dport \(port) return") }
        rules.append("meta l4proto tcp redirect to :\(MeshPorts.inboundPlain)")
        return rules
    }

    /// What the ztunnel's own packets are known by on their way out.
    private static func exemptions(_ plan: RedirectPlan) -> [String] {
        switch plan.exemption {
        case .mark: [self.ownMark]
        case .user(let user): (plan.preservesSource ? [self.ownMark] : []) + ["meta skuid \(user)"]
        }
    }

    private static var ownMark: String { "meta mark & 0x00000fff == 0x00000539" }

    /// Where the DNS proxy listens.
    private static let dnsPort: UInt16 = 15_053

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
