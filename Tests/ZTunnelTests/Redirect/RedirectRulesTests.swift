import MeshModel
import Testing

@testable import ZTunnel

@Suite("Redirect rules")
struct RedirectRulesTests {
    private static func rules(_ plan: RedirectPlan, chain: String) -> [String] {
        let lines = RedirectRules(plan).listing.split(separator: "\n").map { $0.filter { $0 != "\t" } }
        let body = lines.drop { $0 != "chain \(chain) {" }.dropFirst().prefix { $0 != "}" }
        return body.dropFirst().map { String($0) }
    }

    @Test("a dedicated ztunnel's rules know it by its user, and keep its own ports reachable")
    func dedicated() {
        let plan = RedirectPlan.dedicated(user: 15_301)
        #expect(
            Self.rules(plan, chain: "output") == [
                "meta skuid 15301 return", "oifname \"lo\" return", "ip daddr 169.254.169.254 return",
                "ip daddr 169.254.170.2 return", "ip6 daddr fd00:ec2::254 return", "udp dport 53 redirect to :15053",
                "tcp dport 53 redirect to :15053", "meta l4proto tcp redirect to :15001",
            ]
        )
        #expect(
            Self.rules(plan, chain: "prerouting") == [
                "iifname \"lo\" return", "tcp dport 15008 return", "tcp dport 15020 return", "tcp dport 15021 return",
                "meta l4proto tcp redirect to :15006",
            ]
        )
        #expect(Self.rules(plan, chain: "zone_out") == ["meta skuid 15301 udp dport 53 ct zone set 1"])
        #expect(!RedirectRules(plan).listing.contains("chain mark"))
    }

    @Test("a daemon's rules know it by its mark, and bring answers to foreign addresses back")
    func daemon() {
        let plan = RedirectPlan.daemon()
        #expect(
            Self.rules(plan, chain: "output").prefix(3) == [
                "meta mark & 0x00000fff == 0x00000539 return", "ct mark & 0x00000fff == 0x00000111 return",
                "oifname \"lo\" return",
            ]
        )
        #expect(
            Self.rules(plan, chain: "prerouting") == [
                "meta mark & 0x00000fff == 0x00000539 return", "iifname \"lo\" return", "tcp dport 15008 return",
                "meta l4proto tcp redirect to :15006",
            ]
        )
        #expect(
            Self.rules(plan, chain: "mark_in") == [
                "meta mark & 0x00000fff == 0x00000539 ct mark set ct mark & 0xfffff111 | 0x00000111"
            ]
        )
        #expect(
            Self.rules(plan, chain: "mark_out") == ["ct mark & 0x00000fff == 0x00000111 meta mark set ct mark"]
        )
    }

    @Test("what is excluded stays direct before anything is redirected")
    func exclusions() throws {
        var plan = RedirectPlan.dedicated()
        plan.excludedPorts = [22, 443]
        plan.excludedInboundPorts = [9_100]
        plan.excludedNetworks = [try #require(AddressBlock(parsing: "10.1.2.3/16"))]
        let output = Self.rules(plan, chain: "output")
        let redirect = try #require(output.firstIndex { $0.contains("redirect") })
        for rule in ["ip daddr 10.1.0.0/16 return", "tcp dport 22 return", "tcp dport 443 return"] {
            #expect(try #require(output.firstIndex(of: rule)) < redirect)
        }
        #expect(Self.rules(plan, chain: "prerouting").contains("tcp dport 9100 return"))
    }

    @Test("without DNS, IPv6 or inbound capture the rules for it are missing")
    func parts() {
        var plan = RedirectPlan.dedicated()
        plan.capturesDNS = false
        plan.capturesIPv6 = false
        plan.capturesInbound = false
        let listing = RedirectRules(plan).listing
        #expect(!listing.contains("15053"))
        #expect(!listing.contains("zone"))
        #expect(!listing.contains("15006"))
        #expect(Self.rules(plan, chain: "output").contains("meta nfproto ipv6 return"))
    }

    @Test("the script replaces the whole table, and nothing else")
    func script() {
        let script = RedirectRules(.daemon()).script
        #expect(script.hasPrefix("table inet tulle\ndelete table inet tulle\ntable inet tulle {\n"))
        #expect(script.split(separator: "\n").filter { $0.hasPrefix("table") }.count == 2)
    }

    @Test("a listing is compared by its words, so that one changed rule shows")
    func matching() {
        let rules = RedirectRules(.dedicated())
        #expect(rules.matches(rules.listing.split(separator: "\t").joined(separator: "  ")))
        #expect(!rules.matches(RedirectRules(.dedicated(user: 15_302)).listing))
        #expect(!rules.matches(rules.listing.split(separator: "\n").dropLast(3).joined(separator: "\n")))
        #expect(!rules.matches(""))
    }
}
