import MeshModel
import Testing
import TunnelEngine

@testable import ZTunnel

@Suite("Redirect table", .enabled(if: HostNamespace.canFilter, "needs root and nft"))
struct RedirectTableTests {
    private static let plans: [RedirectPlan] = {
        var plain = RedirectPlan.dedicated()
        plain.capturesIPv6 = false
        plain.excludedPorts = [22, 80, 443]
        plain.excludedNetworks = ["10.0.0.0/8", "2001:db8::/32"].compactMap { AddressBlock(parsing: $0) }
        var kept = RedirectPlan.dedicated()
        kept.preservesSource = true
        var bare = RedirectPlan.daemon()
        bare.capturesDNS = false
        bare.capturesInbound = false
        return [.dedicated(), .daemon(), plain, kept, bare]
    }()

    @Test("what the kernel lists after apply is exactly the plan, however often it is applied", arguments: plans)
    func applies(plan: RedirectPlan) throws {
        let namespace = try HostNamespace.make()
        let table = try RedirectTable(namespace: namespace)
        #expect(try table.find(plan) == .absent)
        for _ in 0..<2 {
            try table.apply(plan)
            #expect(try table.find(plan) == .matches(listing: RedirectRules(plan).listing))
        }
    }

    @Test("another plan's rules are seen as different, and applying replaces all of them")
    func replaces() throws {
        let table = try RedirectTable(namespace: try HostNamespace.make())
        try table.apply(.daemon())
        guard case .differs = try table.find(.dedicated()) else {
            Issue.record("the daemon's rules pass as a dedicated ztunnel's")
            return
        }
        try table.apply(.dedicated())
        #expect(try table.find(.dedicated()) == .matches(listing: RedirectRules(.dedicated()).listing))
    }

    @Test("remove leaves nothing, and may be repeated")
    func removes() throws {
        let namespace = try HostNamespace.make()
        let table = try RedirectTable(namespace: namespace)
        try table.remove()
        try table.apply(.daemon())
        let route = PolicyRoute(namespace: namespace)
        #expect(try route.exists(isV4: true))
        #expect(try route.exists(isV4: false))
        try table.remove()
        try table.remove()
        #expect(try table.find(.daemon()) == .absent)
        #expect(try !route.exists(isV4: true))
        #expect(try !route.exists(isV4: false))
    }

    @Test("a missing routing rule shows")
    func missingRoute() throws {
        let namespace = try HostNamespace.make()
        let table = try RedirectTable(namespace: namespace)
        try table.apply(.daemon())
        try PolicyRoute(namespace: namespace).remove(isV4: false)
        guard case .differs(_, let reason) = try table.find(.daemon()) else {
            Issue.record("the missing rule went unseen")
            return
        }
        #expect(reason == "the IPv6 rule to table 100 is missing")
    }

    @Test("rules of one namespace are not those of another")
    func isolation() throws {
        let (one, other) = (try HostNamespace.make(), try HostNamespace.make())
        try RedirectTable(namespace: one).apply(.daemon())
        #expect(try RedirectTable(namespace: other).find(.daemon()) == .absent)
    }
}
