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

    @Test func itsSizeFollowsItsResources() {
        var catalog = ResourceCatalog()
        let (a, b) = (resource("a", 1), resource("bb", 2))
        catalog.update(addresses, upserts: [a, b])
        catalog.update(policies, upserts: [b])
        #expect(catalog.bytes == 5 + a.bytes.count + 2 * b.bytes.count)
        catalog.update(addresses, upserts: [resource("a", 3)], removing: ["bb"])
        #expect(catalog.bytes == 3 + resource("a", 3).bytes.count + b.bytes.count)
        catalog.replace(addresses, with: [])
        catalog.replace(policies, with: [])
        #expect(catalog.bytes == 0)
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
        catalog.update(addresses, upserts: [resource("b")])
        #expect(catalog.type(addresses).changes(since: 2) == ["b"])
    }

    @Test func whatTheLogForgotIsTakenFromTheResources() {
        var catalog = ResourceCatalog(logLimit: 4)
        for number in 0..<20 { catalog.update(addresses, upserts: [resource("r\(number)")]) }
        catalog.update(addresses, upserts: [resource("r3", 2)], removing: ["r5"])
        let all = Set((0..<20).map { "r\($0)" })
        #expect(catalog.type(addresses).changes(since: 0) == all, "a removal is among them")
        #expect(catalog.type(addresses).changes(since: 18) == ["r18", "r19", "r3", "r5"])
        #expect(
            catalog.type(addresses).changes(since: 10)
                == all.filter { (Int($0.dropFirst()) ?? 0) >= 10 }
                .union(["r3", "r5"])
        )
    }

    @Test func removalsAreBounded() {
        var catalog = ResourceCatalog(logLimit: 4)
        catalog.update(addresses, upserts: (0..<20).map { resource("r\($0)") })
        for number in 0..<5 { catalog.update(addresses, upserts: [], removing: ["r\(number)"]) }
        // The first three of five were forgotten.
        #expect(catalog.type(addresses).changes(since: 2) == nil)
        #expect(catalog.type(addresses).changes(since: 4) == ["r3", "r4"])
        catalog.update(addresses, upserts: [resource("r4", 2)])
        #expect(catalog.type(addresses).changes(since: 4) == ["r3", "r4"], "one that is back counts once")
        catalog.update(addresses, upserts: [], removing: (5..<20).map { "r\($0)" })
        #expect(catalog.type(addresses).changes(since: 7)?.count == 15, "the newest change stays whole")
    }

    @Test func twoReplicasGiveOneVersion() {
        #expect(resource("a", 7).version == resource("a", 7).version)
        #expect(resource("a", 7).version != resource("a", 8).version)
    }
}
