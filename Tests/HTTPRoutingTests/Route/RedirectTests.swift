import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Redirects")
struct RedirectTests {
    typealias F = RouteFixture

    private static func action(
        scheme: String = "",
        host: String = "",
        port: UInt32 = 0,
        rule: TulleL7.Redirect.PortRule = .gateway,
        path: (TulleL7.PathChange.Kind, String)? = nil,
        status: UInt32 = 302
    ) -> TulleL7.RouteAction {
        var redirect = TulleL7.Redirect()
        redirect.scheme = scheme
        redirect.host = host
        redirect.port = port
        redirect.portRule = rule
        redirect.status = status
        if let path {
            redirect.path = TulleL7.PathChange()
            redirect.path?.kind = path.0
            redirect.path?.value = path.1
        }
        var action = TulleL7.RouteAction()
        action.redirect = redirect
        return action
    }

    private func expect(
        _ action: TulleL7.RouteAction,
        _ request: RequestView,
        _ status: Int,
        _ location: String,
        path: TulleL7.PathMatch? = nil,
        port: UInt32 = 80,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let reply = F.table(action, path: path, port: port).reply(request)
        #expect(reply?.status == status, sourceLocation: sourceLocation)
        #expect(reply?.fields.first(named: "location") == location, sourceLocation: sourceLocation)
        #expect(reply?.body.isEmpty == true, sourceLocation: sourceLocation)
    }

    @Test("M11 MeshHTTPRouteRedirectHostAndStatus")
    func hostAndStatus() {
        self.expect(
            Self.action(host: "example.org"),
            F.request("/hostname-redirect"),
            302,
            "http://example.org/hostname-redirect"
        )
        self.expect(
            Self.action(host: "example.org", status: 301),
            F.request("/host-and-status"),
            301,
            "http://example.org/host-and-status"
        )
    }

    @Test("M12 MeshHTTPRouteRedirectPath")
    func path() {
        let prefix = F.path(.segmentPrefix, "/original-prefix")
        let replace = (TulleL7.PathChange.Kind.segmentPrefix, "/replacement-prefix")
        self.expect(
            Self.action(path: replace),
            F.request("/original-prefix/lemon"),
            302,
            "http://echo/replacement-prefix/lemon",
            path: prefix
        )
        self.expect(
            Self.action(path: (.full, "/full-path-replacement")),
            F.request("/full/path/original"),
            302,
            "http://echo/full-path-replacement"
        )
        self.expect(
            Self.action(host: "example.org", path: replace),
            F.request("/original-prefix/lemon"),
            302,
            "http://example.org/replacement-prefix/lemon",
            path: prefix
        )
        self.expect(
            Self.action(path: replace, status: 301),
            F.request("/original-prefix/lemon"),
            301,
            "http://echo/replacement-prefix/lemon",
            path: prefix
        )
        self.expect(
            Self.action(host: "example.org", path: (.full, "/replacement-full")),
            F.request("/full-path-and-host"),
            302,
            "http://example.org/replacement-full"
        )
        self.expect(
            Self.action(path: (.full, "/replacement-full"), status: 301),
            F.request("/full-path-and-status"),
            301,
            "http://echo/replacement-full"
        )
    }

    @Test("M13 MeshHTTPRouteRedirectPort")
    func port() {
        self.expect(Self.action(port: 8083), F.request("/port"), 302, "http://echo:8083/port")
        self.expect(
            Self.action(host: "example.org", port: 8083),
            F.request("/port-and-host"),
            302,
            "http://example.org:8083/port-and-host"
        )
        self.expect(
            Self.action(port: 8083, status: 301),
            F.request("/port-and-status"),
            301,
            "http://echo:8083/port-and-status"
        )
        self.expect(
            Self.action(host: "example.org", port: 8083, status: 302),
            F.request("/all"),
            302,
            "http://example.org:8083/all"
        )
    }

    @Test("M14 MeshHTTPRouteSchemeRedirect")
    func scheme() {
        self.expect(Self.action(scheme: "https"), F.request("/scheme"), 302, "https://echo/scheme")
        self.expect(
            Self.action(scheme: "https", host: "example.org"),
            F.request("/scheme-and-host"),
            302,
            "https://example.org/scheme-and-host"
        )
        self.expect(
            Self.action(scheme: "https", status: 301),
            F.request("/scheme-and-status"),
            301,
            "https://echo/scheme-and-status"
        )
    }

    @Test(
        "M15, M16, M17: 303, 307 and 308",
        arguments: [(303, "/redirect"), (307, "/temporary"), (308, "/permanent")] as [(UInt32, String)]
    )
    func statuses(_ status: UInt32, _ path: String) {
        self.expect(Self.action(path: (.full, "/x"), status: status), F.request(path), Int(status), "http://echo/x")
    }

    @Test(
        "G28 port and scheme: the usual port is not written",
        arguments: [
            ("http", 80, "", 0, "http://echo/a"), ("http", 80, "https", 0, "https://echo/a"),
            ("http", 80, "http", 80, "http://echo/a"), ("http", 80, "https", 443, "https://echo/a"),
            ("http", 80, "https", 8443, "https://echo:8443/a"), ("http", 8080, "", 0, "http://echo:8080/a"),
            ("http", 8080, "http", 0, "http://echo/a"), ("http", 8080, "https", 0, "https://echo/a"),
            ("http", 8080, "", 80, "http://echo/a"), ("https", 443, "", 0, "https://echo/a"),
            ("https", 443, "http", 0, "http://echo/a"), ("https", 443, "", 8443, "https://echo:8443/a"),
            ("http", 80, "http", 443, "http://echo:443/a"), ("http", 80, "https", 80, "https://echo:80/a"),
        ] as [(String, UInt32, String, UInt32, String)]
    )
    func portAndScheme(_ asked: String, _ port: UInt32, _ scheme: String, _ to: UInt32, _ location: String) {
        self.expect(Self.action(scheme: scheme, port: to), F.request("/a", scheme: asked), 302, location, port: port)
        // What the client wrote as port makes no difference to the Gateway API's rule.
        let request = F.request("/a", authority: "echo:\(port)", scheme: asked)
        self.expect(Self.action(scheme: scheme, port: to), request, 302, location, port: port)
    }

    @Test("I122–I125 derivePort: FROM_REQUEST_PORT")
    func fromRequestPort() {
        let plain = Self.action(rule: .request, status: 301)
        self.expect(
            Self.action(scheme: "https", rule: .request, status: 301),
            F.request("/foo", authority: "host"),
            301,
            "https://host:80/foo"
        )
        self.expect(plain, F.request("/foo", authority: "b"), 301, "http://b/foo")
        self.expect(plain, F.request("/foo", authority: "b:80"), 301, "http://b:80/foo")
        self.expect(plain, F.request("/foo", authority: "b"), 301, "http://b:85/foo", port: 85)
    }

    @Test("other rules on ports")
    func otherRules() {
        let keep = Self.action(rule: .keep, status: 301)
        self.expect(keep, F.request("/foo", authority: "b:8080"), 301, "http://b:8080/foo")
        self.expect(
            Self.action(scheme: "https", rule: .keep, status: 301),
            F.request("/foo", authority: "b:80"),
            301,
            "https://b/foo"
        )
        self.expect(
            Self.action(rule: .protocolDefault, status: 301),
            F.request("/foo", authority: "[2001:db8::1]:8080"),
            301,
            "http://[2001:db8::1]/foo"
        )
        self.expect(keep, F.request("/foo", authority: "[2001:db8::1]"), 301, "http://[2001:db8::1]/foo")
    }

    @Test("I120 the query stays; I126 prefixes of VirtualService")
    func query() {
        self.expect(
            Self.action(host: "b", rule: .keep, path: (.full, "/new/path"), status: 0),
            F.request("/foo?key=value"),
            301,
            "http://b/new/path?key=value"
        )
        self.expect(
            Self.action(rule: .keep, path: (.full, "/new?x=y"), status: 301),
            F.request("/foo?key=value"),
            301,
            "http://echo/new?x=y"
        )
        self.expect(
            Self.action(rule: .keep, path: (.stringPrefix, "/bar"), status: 301),
            F.request("/foo/1?a=b"),
            301,
            "http://echo/bar/1?a=b",
            path: F.path(.stringPrefix, "/foo")
        )
    }

    @Test("one backend's redirect (HTTPRouteBackendRequestRedirect)")
    func backend() throws {
        var action = F.forward([("v1", 1)])
        action.forward?.clusters[0].redirect = Self.action(path: (.segmentPrefix, "/redirected-prefix")).redirect
        let table = F.table(action, path: F.path(.segmentPrefix, "/prefix"))
        let reply = try #require(table.reply(F.request("/prefix/original")))
        #expect(reply.status == 302)
        #expect(reply.fields.first(named: "location") == "http://echo/redirected-prefix/original")
    }
}
