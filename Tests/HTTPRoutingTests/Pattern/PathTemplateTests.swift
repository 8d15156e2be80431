import Testing

@testable import HTTPRouting

@Suite("Path templates")
struct PathTemplateTests {
    private static let templates = ["/allow/admin/{**}", "/foo/{*}/bar/{**}", "/store/{**}/cart"]

    @Test(
        "follow Istio's table",
        arguments: [
            ("/allow/admin/", true), ("/allow/admin/temp", true), ("/allow/admin/temp.txt", true),
            ("/allow/admin/foo/temp.txt", true), ("/foo/buzz/bar/bat.txt", true),
            ("/foo/buzz/bar/bat/fuzz.txt", true), ("/foo/buzz/bar/bat", true), ("/store//cart", true),
            ("/store/foo/cart", true), ("/store/foo/bar/cart", true),
            ("/allow/admin", false), ("/allow/user/", false), ("/allow", false), ("/foo/bar/bat.txt", false),
            ("/foo//bar/bat.txt", false), ("/store/cart", false),
        ]
    )
    func table(_ path: String, _ expected: Bool) throws {
        let templates = try Self.templates.map(PathTemplate.init)
        #expect(templates.contains { $0.matches(path) } == expected)
    }

    @Test(
        "match segments",
        arguments: [
            ("/{*}", ["/a": true, "/": false, "/a/": false, "/a/b": false]),
            ("/{**}", ["/": true, "/a": true, "/a/b": true, "": false, "a": false]),
            ("/a/{*}/", ["/a/b/": true, "/a/b": false]),
            ("/a", ["/a": true, "/a/": false, "/ab": false]),
            ("/{*}/{*}", ["/a/b": true, "/a": false, "/a/b/c": false]),
            ("/{**}/a/b", ["/x/a/b": true, "/a/b": false, "//a/b": true, "/x/a/b/c": false]),
            ("/a/{*}", ["/a/\"<é>": true]),
        ]
    )
    func segments(_ template: String, _ cases: [String: Bool]) throws {
        let template = try PathTemplate(template)
        for (path, expected) in cases { #expect(template.matches(path) == expected, "\(path)") }
    }

    @Test(
        "refuse operators out of place",
        arguments: [
            ("", PathTemplateError.notAbsolute), ("a/{*}", .notAbsolute), ("/a{*}", .segment("a{*}")),
            ("/{*}b", .segment("{*}b")), ("/a*", .segment("a*")), ("/{**}/{*}", .operatorAfterLast("{*}")),
            ("/{**}/{**}", .operatorAfterLast("{**}")), ("/{x}", .segment("{x}")), ("/a b", .segment("a b")),
        ]
    )
    func refuses(_ template: String, _ error: PathTemplateError) {
        #expect(throws: error) { try PathTemplate(template) }
    }
}
