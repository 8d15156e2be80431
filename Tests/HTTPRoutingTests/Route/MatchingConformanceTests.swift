import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// The Gateway API's conformance tests on matching, as decisions: each of them is a table of requests and the backends
/// that they reach. Entries stand in the order of precedence, as the control plane delivers them.
@Suite("Conformance: matching")
struct MatchingConformanceTests {
    typealias F = RouteFixture

    private func expect(
        _ table: RouteTable,
        _ cases: [(RequestView, String)],
        location: SourceLocation = #_sourceLocation
    ) {
        for (request, expected) in cases {
            #expect(
                table.goes(request) == expected,
                "\(request.method) \(request.target) \(request.fields)",
                sourceLocation: location
            )
        }
    }

    @Test("M5 MeshTrafficSplit, G2 HTTPRouteExactPathMatching")
    func exactPaths() {
        let table = F.table([(F.match(F.path(.exact, "/one")), "v1"), (F.match(F.path(.exact, "/two")), "v2")])
        self.expect(
            table,
            [
                (F.request("/one"), "v1"), (F.request("/two"), "v2"), (F.request("/"), "404"),
                (F.request("/one/example"), "404"), (F.request("/two/"), "404"), (F.request("/Two"), "404"),
                (F.request("/one?x=/two"), "v1"),
            ]
        )
    }

    @Test("M7 MeshHTTPRouteSimpleSameNamespace, G1: everything, and no word on Host (M3)")
    func simple() {
        let table = F.table([(F.match(F.path(.segmentPrefix, "/")), "v1")])
        self.expect(table, [(F.request("/"), "v1"), (F.request("/a/b", authority: "other:81"), "v1")])
    }

    @Test("M8 MeshHTTPRouteMatching, G6 HTTPRouteMatching")
    func matching() {
        let table = F.table([
            (F.match(F.path(.segmentPrefix, "/v2")), "v2"),
            (F.match(F.path(.segmentPrefix, "/"), headers: [F.header("version", .exact, "two")]), "v2"),
            (F.match(F.path(.segmentPrefix, "/"), headers: [F.header("version", .exact, "one")]), "v1"),
            (F.match(F.path(.segmentPrefix, "/")), "v1"),
        ])
        self.expect(
            table,
            [
                (F.request("/"), "v1"), (F.request("/example"), "v1"),
                (F.request("/", fields: [("version", "one")]), "v1"), (F.request("/v2"), "v2"),
                (F.request("/v2/example"), "v2"), (F.request("/", fields: [("version", "two")]), "v2"),
                (F.request("/v2/"), "v2"), (F.request("/v2example"), "v1"), (F.request("/foo/v2/example"), "v1"),
            ]
        )
    }

    @Test("M9 MeshHTTPRouteQueryParamMatching, G7")
    func queryParameters() {
        let table = F.table([
            (F.match(F.path(.exact, "/path5")), "v1"),
            (F.match(F.path(.segmentPrefix, "/path1"), query: [F.query("animal", .exact, "whale")]), "v1"),
            (
                F.match(
                    F.path(.segmentPrefix, "/path3"),
                    headers: [F.header("version", .exact, "three")],
                    query: [F.query("animal", .exact, "shark")]
                ), "v1"
            ),
            (
                F.match(
                    headers: [F.header("version", .exact, "one")],
                    query: [F.query("animal", .exact, "whale")]
                ), "v2"
            ),
            (
                F.match(
                    headers: [F.header("version", .exact, "four")],
                    query: [F.query("animal", .exact, "kraken")]
                ), "v1"
            ),
            (F.match(query: [F.query("animal", .exact, "whale")]), "v1"),
            (F.match(query: [F.query("animal", .exact, "dolphin")]), "v2"),
            (F.match(query: [F.query("animal", .exact, "hydra")]), "v2"),
        ])
        self.expect(
            table,
            [
                (F.request("/?animal=whale"), "v1"), (F.request("/?animal=dolphin"), "v2"),
                (F.request("/?animal=whale&otherparam=irrelevant"), "v1"),
                (F.request("/?animal=dolphin&color=yellow"), "v2"),
                (F.request("/?color=blue"), "404"), (F.request("/?animal=dog"), "404"),
                (F.request("/?animal=whaledolphin"), "404"), (F.request("/"), "404"), (F.request("/?animal"), "404"),
                (F.request("/path1?animal=whale"), "v1"),
                (F.request("/?animal=whale", fields: [("version", "one")]), "v2"),
                (F.request("/path3?animal=shark", fields: [("version", "three")]), "v1"),
                (F.request("/?animal=shark", fields: [("version", "three")]), "404"),
                (F.request("/?animal=kraken", fields: [("version", "four")]), "v1"),
                (F.request("/?animal=kraken"), "404"), (F.request("/path5?animal=hydra"), "v1"),
                (F.request("/path6?animal=hydra"), "v2"),
                // The first occurrence counts, as it was sent; names are compared with their case.
                (F.request("/?animal=whale&animal=dolphin"), "v1"), (F.request("/?Animal=whale"), "404"),
                (F.request("/?animal=wh%61le"), "404"), (F.request("/?x&animal=whale"), "v1"),
            ]
        )
    }

    @Test("G3 HTTPRouteHeaderMatching")
    func headers() {
        func version(_ value: String) -> TulleL7.HeaderMatch { F.header("version", .exact, value) }
        func color(_ value: String) -> TulleL7.HeaderMatch { F.header("color", .exact, value) }
        let table = F.table([
            (F.match(headers: [version("two"), color("orange")]), "v1"),
            (F.match(headers: [version("one")]), "v1"), (F.match(headers: [version("two")]), "v2"),
            (F.match(headers: [color("blue")]), "v1"), (F.match(headers: [color("green")]), "v1"),
            (F.match(headers: [color("red")]), "v2"), (F.match(headers: [color("yellow")]), "v2"),
        ])
        self.expect(
            table,
            [
                (F.request(fields: [("version", "one")]), "v1"), (F.request(fields: [("version", "two")]), "v2"),
                (F.request(fields: [("version", "two"), ("color", "orange")]), "v1"),
                (F.request(fields: [("version", "two"), ("color", "blue")]), "v2"),
                (F.request(fields: [("color", "orange")]), "404"), (F.request(fields: [("some", "one")]), "404"),
                (F.request(fields: [("color", "purple")]), "404"), (F.request(fields: [("color", "blue")]), "v1"),
                (F.request(fields: [("color", "green")]), "v1"), (F.request(fields: [("color", "red")]), "v2"),
                (F.request(fields: [("color", "yellow")]), "v2"),
                // Fields of one name count as one, joined.
                (F.request(fields: [("color", "blue"), ("color", "red")]), "404"),
            ]
        )
    }

    @Test("G4 HTTPRouteMethodMatching")
    func methods() {
        let table = F.table([
            (F.match(F.path(.segmentPrefix, "/path5")), "v1"),
            (F.match(F.path(.segmentPrefix, "/path1"), method: "GET"), "v1"),
            (F.match(headers: [F.header("version", .exact, "one")], method: "PUT"), "v2"),
            (F.match(method: "PATCH"), "v2"),
            (F.match(headers: [F.header("version", .exact, "four")]), "v1"),
            (F.match(method: "POST"), "v1"), (F.match(method: "GET"), "v2"),
        ])
        self.expect(
            table,
            [
                (F.request(method: "POST"), "v1"), (F.request(method: "GET"), "v2"),
                (F.request(method: "HEAD"), "404"), (F.request("/path1", method: "GET"), "v1"),
                (F.request(method: "PUT", fields: [("version", "one")]), "v2"), (F.request(method: "PUT"), "404"),
                (F.request("/path5", method: "PATCH"), "v1"),
                (F.request(method: "PATCH", fields: [("version", "four")]), "v2"),
                (F.request(method: "get"), "404"),
            ]
        )
    }

    @Test("G5 HTTPRoutePathMatchOrder")
    func pathOrder() {
        let table = F.table([
            (F.match(F.path(.exact, "/match/exact/one")), "v3"), (F.match(F.path(.exact, "/match/exact")), "v2"),
            (F.match(F.path(.exact, "/match")), "v1"), (F.match(F.path(.segmentPrefix, "/match/prefix/one/")), "v2"),
            (F.match(F.path(.segmentPrefix, "/match/prefix/")), "v1"),
            (F.match(F.path(.segmentPrefix, "/match/")), "v3"),
        ])
        self.expect(
            table,
            [
                (F.request("/match/exact/one"), "v3"), (F.request("/match/exact"), "v2"), (F.request("/match"), "v1"),
                (F.request("/match/prefix/one/any"), "v2"), (F.request("/match/prefix/any"), "v1"),
                (F.request("/match/any"), "v3"), (F.request("/match/prefix/one"), "v2"),
            ]
        )
    }

    @Test("M10 MeshHTTPRouteNamedRule, G31: a name changes nothing")
    func named() throws {
        var named = F.forward("v1")
        named.name = "ns/route/named-rule"
        let routes = F.routes([
            (F.match(F.path(.segmentPrefix, "/named")), named),
            (F.match(F.path(.segmentPrefix, "/unnamed")), F.forward("v2")),
        ])
        let table = RouteTable(routes, clusters: F.clusters)
        self.expect(table, [(F.request("/named"), "v1"), (F.request("/unnamed"), "v2")])
        #expect(try #require(table.match(F.request("/named"))).action.name == "ns/route/named-rule")
    }

    @Test("G32 GRPCExactMethodMatching, G33 GRPCRouteHeaderMatching")
    func grpc() throws {
        var routes = F.routes([
            (F.match(F.path(.exact, "/echo.Echo/One"), headers: [F.header("color", .exact, "red")]), F.forward("v3")),
            (F.match(F.path(.exact, "/echo.Echo/One")), F.forward("v1")),
            (F.match(F.path(.segmentPrefix, "/echo.Two/")), F.forward("v2")),
            (F.match(F.path(.regex, "/[^/]+/Three")), F.forward("v3")),
        ])
        routes.grpcOnly = true
        let table = RouteTable(routes, clusters: F.clusters)
        self.expect(
            table,
            [
                (F.request("/echo.Echo/One", method: "POST"), "v1"),
                (F.request("/echo.Echo/One", method: "POST", fields: [("color", "red")]), "v3"),
                (F.request("/echo.Two/Any", method: "POST"), "v2"), (F.request("/x.Y/Three", method: "POST"), "v3"),
                (F.request("/echo.Echo/Four", method: "POST"), "404"),
            ]
        )
        #expect(table.isGRPCOnly)
        let head = LocalReply.routeNotFound.head(asGRPC: true)
        #expect(head.fields.first(named: "grpc-status") == "12")
    }

    @Test("I137: a catch-all ends the search")
    func catchAll() {
        let table = F.table([
            (F.match(F.path(.exact, "/a")), "v1"), (F.match(), "v2"), (F.match(F.path(.exact, "/b")), "v3"),
        ])
        self.expect(table, [(F.request("/a"), "v1"), (F.request("/b"), "v2"), (F.request("/"), "v2")])
    }

    @Test("source namespaces: of the certificate, and none without one")
    func namespaces() {
        let table = F.table([(F.match(namespaces: ["red", "blue"]), "v1"), (F.match(), "v2")])
        self.expect(
            table,
            [
                (F.request(namespace: "red"), "v1"), (F.request(namespace: "blue"), "v1"),
                (F.request(namespace: "green"), "v2"), (F.request(namespace: nil), "v2"),
            ]
        )
    }

    @Test("VirtualService: string prefixes, patterns, and letters in either case")
    func virtualService() {
        var scheme = F.match()
        scheme.scheme = F.text(.exact, "https")
        var authority = F.match()
        authority.authority = F.text(.prefix, "api.", ignoringCase: false)
        let table = F.table([
            (F.match(F.path(.stringPrefix, "/pre")), "v1"), (F.match(F.path(.regex, "/v[0-9]+/.*")), "v2"),
            (F.match(F.path(.exact, "/Exact", ignoringCase: true)), "v3"),
            (F.match(F.path(.stringPrefix, "/Folded", ignoringCase: true)), "v4"), (scheme, "v1"), (authority, "v2"),
        ])
        self.expect(
            table,
            [
                (F.request("/pre"), "v1"), (F.request("/prefix"), "v1"), (F.request("/Pre"), "404"),
                (F.request("/v12/x"), "v2"), (F.request("/v/x"), "404"), (F.request("/av1/x"), "404"),
                (F.request("/eXaCT"), "v3"), (F.request("/exact/"), "404"), (F.request("/fOLDEDx"), "v4"),
                (F.request("/", scheme: "https"), "v1"), (F.request("/", authority: "api.example.com"), "v2"),
            ]
        )
    }
}
