import MeshModel
import Testing

@Suite struct NamespacePatternTests {
    @Test(arguments: [
        ("shop", "shop", true), ("shop", "shop-eu", false), ("shop", "sho", false), ("shop-*", "shop-eu", true),
        ("shop-*", "shop", false), ("shop*", "shop", true), ("*", "anything", true),
    ])
    func allows(_ pattern: String, _ namespace: String, _ isAllowed: Bool) throws {
        #expect(try #require(NamespacePattern(parsing: pattern)).allows(namespace) == isAllowed)
    }

    @Test func anEmptyListIsNoBoundAndAnyOfSeveralIsEnough() {
        #expect([NamespacePattern]().allow("bank"))
        let several = ["shop", "shop-*"].compactMap { NamespacePattern(parsing: $0) }
        #expect(several.count == 2 && several.list == "shop, shop-*")
        #expect(![NamespacePattern.nobody].allow("shop") && ![NamespacePattern.nobody].allow(""))
        #expect(several.allow("shop") && several.allow("shop-eu") && !several.allow("bank"))
    }
}
