import Testing

@testable import HTTPRouting

@Suite("Rewriting prefixes")
struct PathRewriteTests {
    @Test(
        "replaces segments as the Gateway API's table has it",
        arguments: [
            ("/foo/bar", "/foo", "/xyz", "/xyz/bar"), ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"), ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
            ("/foo", "/foo", "/xyz", "/xyz"), ("/foo/", "/foo", "/xyz", "/xyz/"), ("/foo/bar", "/foo", "", "/bar"),
            ("/foo/", "/foo", "", "/"), ("/foo", "/foo", "", "/"), ("/foo/", "/foo", "/", "/"),
            ("/foo", "/foo", "/", "/"), ("/a", "/", "/x", "/x/a"), ("/", "/", "/x", "/x/"),
        ]
    )
    func segments(_ path: String, _ prefix: String, _ replacement: String, _ expected: String) {
        #expect(PathRewrite.replacingSegments(prefix, of: path, by: replacement) == expected)
    }

    @Test(
        "replaces text as VirtualService does",
        arguments: [
            ("/foo/bar", "/foo", "/xyz", "/xyz/bar"), ("/foobar", "/foo", "/xyz", "/xyzbar"),
            ("/foo/bar", "/foo/", "/", "/bar"), ("/foo", "/foo", "/", "/"),
        ]
    )
    func text(_ path: String, _ prefix: String, _ replacement: String, _ expected: String) {
        #expect(PathRewrite.replacingText(prefix, of: path, by: replacement) == expected)
    }
}
