import Testing

@testable import MeshXDS

@Suite struct ResourceCatalogTests {
    @Test func equalContentIsNoChange() {
        var catalog = ResourceCatalog()
        var changed = catalog.update(addresses, upserts: [resource("a", 1)])
        #expect(changed)
        changed = catalog.update(addresses, upserts: [resource("a", 1)])
        #expect(!changed)
        changed = catalog.replace(addresses, with: [resource("a", 1)])
        #expect(!changed)
        changed = catalog.replace(addresses, with: [resource("b", 1)])
        #expect(changed)
        #expect(catalog.resources(of: addresses).map(\.name) == ["b"])
        #expect(catalog.count(of: addresses) == 1)
    }

    @Test func aliasesFollowTheirResource() {
        var catalog = ResourceCatalog()
        catalog.update(addresses, upserts: [resource("b", aliases: ["n/1"]), resource("a", aliases: ["n/1", "n/2"])])
        #expect(catalog.type(addresses).resource("n/1")?.name == "a")
        catalog.update(addresses, upserts: [resource("a", aliases: ["n/2"])])
        #expect(catalog.type(addresses).resource("n/1")?.name == "b")
        catalog.update(addresses, upserts: [], removing: ["b"])
        #expect(catalog.type(addresses).resource("n/1") == nil)
        #expect(catalog.type(addresses).resource("n/2")?.name == "a")
    }

    @Test func theNewestChangeIsRememberedWhole() throws {
        var catalog = ResourceCatalog(logLimit: 4)
        catalog.update(addresses, upserts: [resource("a")])
        catalog.update(addresses, upserts: (0..<100).map { resource("r\($0)") })
        #expect(catalog.type(addresses).changes(since: 1)?.count == 100)
        #expect(catalog.type(addresses).changes(since: 0) == nil, "what is older is bounded")
        catalog.update(addresses, upserts: [resource("b")])
        #expect(catalog.type(addresses).changes(since: 2) == ["b"])
        #expect(catalog.type(addresses).changes(since: 1) == nil)
    }

    @Test func twoReplicasGiveOneVersion() {
        #expect(resource("a", 7).version == resource("a", 7).version)
        #expect(resource("a", 7).version != resource("a", 8).version)
    }
}
