import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Rewrites")
struct RewriteTests {
    typealias F = RouteFixture

    private static func rewrite(
        _ kind: TulleL7.PathChange.Kind? = nil,
        _ value: String = "",
        pattern: String = "",
        authority: String = ""
    ) -> TulleL7.Rewrite {
        var rewrite = TulleL7.Rewrite()
        rewrite.authority = authority
        if let kind {
            rewrite.path = TulleL7.PathChange()
            rewrite.path?.kind = kind
            rewrite.path?.value = value
            rewrite.path?.pattern = pattern
        }
        return rewrite
    }

    private func head(
        _ rewrite: TulleL7.Rewrite,
        _ target: String,
        path: TulleL7.PathMatch? = nil
    ) throws -> HTTPRequestHead {
        var action = F.forward("v1")
        action.rewrite = rewrite
        return try #require(F.table(action, path: path).forwards(F.request(target)))
    }

    @Test(
        "M20 MeshHTTPRouteRewritePath, G18",
        arguments: [
            ("/prefix/one/two", "/prefix/one", "/one", "/one/two"),
            ("/strip-prefix/three", "/strip-prefix", "/", "/three"),
            ("/strip-prefix", "/strip-prefix", "/", "/"),
            ("/prefix/rewrite-path/a?x=%2f", "/prefix/rewrite-path", "/prefix", "/prefix/a?x=%2f"),
        ]
    )
    func prefix(_ target: String, _ prefix: String, _ value: String, _ expected: String) throws {
        let head = try self.head(Self.rewrite(.segmentPrefix, value), target, path: F.path(.segmentPrefix, prefix))
        #expect(head.path == expected)
        #expect(head.fields.first(named: "x-envoy-original-path") == target)
    }

    @Test("M20: the full path")
    func full() throws {
        let head = try self.head(
            Self.rewrite(.full, "/one"),
            "/full/one/two?q=1",
            path: F.path(.segmentPrefix, "/full")
        )
        #expect(head.path == "/one?q=1")
    }

    @Test("G17 HTTPRouteRewriteHost")
    func host() throws {
        let head = try self.head(Self.rewrite(authority: "one.example.org"), "/one")
        #expect(head.authority == "one.example.org")
        #expect(head.path == "/one")
        #expect(head.fields == [HeaderField("x-envoy-original-host", "echo")])
    }

    @Test("I129: VirtualService's exact path becomes another, the query stays")
    func exact() throws {
        let head = try self.head(Self.rewrite(.full, "/new/path"), "/foo?key=value", path: F.path(.exact, "/foo"))
        #expect(head.path == "/new/path?key=value")
    }

    @Test("VirtualService's prefix is text")
    func text() throws {
        let rewrite = Self.rewrite(.stringPrefix, "/new")
        #expect(try self.head(rewrite, "/foobar", path: F.path(.stringPrefix, "/foo")).path == "/newbar")
        // What would not begin with a slash gets one.
        let strip = Self.rewrite(.stringPrefix, "")
        #expect(try self.head(strip, "/foobar", path: F.path(.stringPrefix, "/foo")).path == "/bar")
        // A route without a condition on the path matched its slash.
        #expect(try self.head(rewrite, "/x").path == "/newx")
        #expect(try self.head(rewrite, "/x", path: F.path(.regex, "/.")).path == "/new")
    }

    @Test("uriRegexRewrite works on the path without its query")
    func pattern() throws {
        let rewrite = Self.rewrite(.regex, "/\\2/\\1", pattern: "^/([a-z]+)/([a-z]+)$")
        #expect(try self.head(rewrite, "/ab/cd?x=/ab/cd").path == "/cd/ab?x=/ab/cd")
        #expect(try self.head(rewrite, "/ab").path == "/ab")
    }

    @Test("a replacement past its bounds is an error of the route")
    func bounds() {
        var action = F.forward("v1")
        action.rewrite = Self.rewrite(.regex, String(repeating: "x", count: 1000), pattern: "a")
        #expect(F.table(action).goes(F.request("/" + String(repeating: "a", count: 100))) == "500")
    }

    @Test("HTTPRouteBackendURLRewrite: one backend's own, in place of the rule's")
    func backend() throws {
        var action = F.forward("v1")
        action.rewrite = Self.rewrite(.full, "/rule", authority: "rule")
        action.forward?.clusters[0].rewrite = Self.rewrite(.segmentPrefix, "/rewritten-prefix", authority: "backend")
        let table = F.table(action, path: F.path(.segmentPrefix, "/prefix"))
        let head = try #require(table.forwards(F.request("/prefix/original")))
        #expect(head.path == "/rewritten-prefix/original")
        #expect(head.authority == "backend")
    }
}
