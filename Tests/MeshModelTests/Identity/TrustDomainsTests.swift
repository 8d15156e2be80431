import MeshModel
import Testing

@Suite("Trust domains")
struct TrustDomainsTests {
    private func identity(_ domain: String) throws -> SPIFFEID {
        try SPIFFEID(trustDomain: domain, namespace: "shop", serviceAccount: "echo")
    }

    @Test("peers of the main domain and its aliases are accepted, others are not")
    func accepts() throws {
        let domains = try TrustDomains(main: "new.local", aliases: ["old.local", "older.local", "new.local"])
        #expect(domains.aliases == ["old.local", "older.local"])
        for name in ["new.local", "old.local", "older.local"] { #expect(domains.accepts(try self.identity(name))) }
        for name in ["other.local", "local", "new.local.", "x.new.local"] {
            #expect(!domains.accepts(try self.identity(name)))
            #expect(domains.canonical(try self.identity(name)) == nil)
        }
    }

    @Test("certificates are issued in the main domain only")
    func issues() throws {
        let domains = try TrustDomains(main: "new.local", aliases: ["old.local"])
        #expect(domains.issues(try self.identity("new.local")))
        #expect(!domains.issues(try self.identity("old.local")))
    }

    @Test("an alias's identity is the main domain's")
    func canonical() throws {
        let domains = try TrustDomains(main: "new.local", aliases: ["old.local"])
        #expect(domains.canonical(try self.identity("old.local")) == (try self.identity("new.local")))
        #expect(domains.canonical(try self.identity("new.local")) == (try self.identity("new.local")))
    }

    @Test("names that are no trust domains are refused by their place")
    func refuses() {
        #expect(throws: TrustDomains.Fault.invalid(at: 0)) { try TrustDomains(main: "") }
        #expect(throws: TrustDomains.Fault.invalid(at: 2)) { try TrustDomains(main: "a", aliases: ["b", "C"]) }
        #expect(throws: TrustDomains.Fault.invalid(at: 1)) { try TrustDomains(main: "a", aliases: ["spiffe://b"]) }
        #expect(throws: TrustDomains.Fault.tooMany(101)) {
            try TrustDomains(main: "a", aliases: (0..<101).map { "d\($0)" })
        }
    }
}
