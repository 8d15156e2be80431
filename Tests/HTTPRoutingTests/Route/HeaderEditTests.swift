import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Changes of headers")
struct HeaderEditTests {
    typealias F = RouteFixture

    static func changes(
        set: [(String, String)] = [],
        add: [(String, String)] = [],
        remove: [String] = []
    ) -> TulleL7.HeaderChanges {
        func headers(_ pairs: [(String, String)]) -> [TulleL7.Header] {
            pairs.map { pair in
                var header = TulleL7.Header()
                header.name = pair.0
                header.value = pair.1
                return header
            }
        }
        var changes = TulleL7.HeaderChanges()
        changes.set = headers(set)
        changes.add = headers(add)
        changes.remove = remove
        return changes
    }

    /// M18's rows: what is changed, what was sent, what arrives.
    private static let rows: [(TulleL7.HeaderChanges, [(String, String)], [String: String])] = [
        (Self.changes(set: [("X-Header-Set", "set")]), [("some", "x")], ["some": "x", "x-header-set": "set"]),
        (Self.changes(set: [("X-Header-Set", "set")]), [("x-header-set", "old")], ["x-header-set": "set"]),
        (
            Self.changes(set: [("x-header-set", "set")]), [("x-header-set", "a"), ("x-header-set", "b")],
            ["x-header-set": "set"]
        ),
        (Self.changes(add: [("X-Header-Add", "add")]), [], ["x-header-add": "add"]),
        (Self.changes(add: [("X-Header-Add", "add")]), [("x-header-add", "old")], ["x-header-add": "old,add"]),
        (Self.changes(remove: ["X-Header-Remove"]), [("x-header-remove", "a"), ("x-header-remove", "b")], [:]),
        (
            Self.changes(
                set: [("x-set-1", "s1"), ("x-set-2", "s2")],
                add: [("x-add-1", "a1"), ("x-add-2", "a2"), ("x-add-3", "a3")],
                remove: ["x-remove-1", "x-remove-2"]
            ),
            [("x-set-2", "old"), ("x-add-2", "old"), ("x-remove-2", "old"), ("another", "y")],
            [
                "x-set-1": "s1", "x-set-2": "s2", "x-add-1": "a1", "x-add-2": "old,a2", "x-add-3": "a3",
                "another": "y",
            ]
        ),
        (
            Self.changes(set: [("X-Case-Set", "s")], add: [("x-CASE-add", "a")], remove: ["x-case-REMOVE"]),
            [("x-case-set", "old"), ("x-case-add", "old"), ("x-case-remove", "old")],
            ["x-case-set": "s", "x-case-add": "old,a"]
        ),
        // Set, then add, then remove.
        (Self.changes(set: [("a", "1")], add: [("a", "2")]), [("a", "0")], ["a": "1,2"]),
        (Self.changes(set: [("a", "1")], add: [("a", "2")], remove: ["a"]), [("a", "0")], [:]),
    ]

    private func seen(_ fields: [HeaderField]) -> [String: String] {
        Dictionary(fields.map { ($0.name, $0.value) }) { "\($0),\($1)" }
    }

    @Test("M18 MeshHTTPRouteRequestHeaderModifier, M22, G14", arguments: rows.indices)
    func request(_ row: Int) throws {
        let (changes, sent, expected) = Self.rows[row]
        var action = F.forward("v1")
        action.requestHeaders = changes
        let head = try #require(F.table(action).forwards(F.request(fields: sent)))
        #expect(self.seen(head.fields) == expected)
    }

    @Test("M19 MeshHTTPRouteBackendRequestHeaderModifier", arguments: rows.indices)
    func backend(_ row: Int) throws {
        let (changes, sent, expected) = Self.rows[row]
        var action = F.forward("v1")
        action.forward?.clusters[0].requestHeaders = changes
        let head = try #require(F.table(action).forwards(F.request(fields: sent)))
        #expect(self.seen(head.fields) == expected)
    }

    @Test("M2 MeshFrontend, G16 HTTPRouteResponseHeaderModifier", arguments: rows.indices)
    func response(_ row: Int) throws {
        let (changes, sent, expected) = Self.rows[row]
        var action = F.forward("v1")
        action.responseHeaders = changes
        guard case .forward(let forwarding) = F.table(action).decide(F.request()) else {
            Testing.Issue.record("not forwarded")
            return
        }
        var fields = sent.map { HeaderField($0.0, $0.1) }
        forwarding.apply(toResponse: &fields)
        #expect(self.seen(fields) == expected)
    }

    @Test("the destination's changes come before the route's")
    func order() throws {
        var action = F.forward("v1")
        action.requestHeaders = Self.changes(set: [("a", "route")], add: [("b", "route")])
        action.forward?.clusters[0].requestHeaders = Self.changes(
            set: [("a", "dest"), ("c", "dest")],
            add: [("b", "dest")]
        )
        let head = try #require(F.table(action).forwards(F.request()))
        #expect(self.seen(head.fields) == ["a": "route", "b": "dest,route", "c": "dest"])
    }

    @Test(
        "I114–I119 authority: the route's word beats its destination's",
        arguments: [
            (nil, nil, nil, "echo"), (nil, "dest-authority", nil, "dest-authority"),
            ("route-authority", nil, nil, "route-authority"),
            ("route-authority", "dest-authority", nil, "route-authority"),
            (nil, "dest-authority", "rewritten", "rewritten"), ("route-authority", nil, "rewritten", "route-authority"),
        ] as [(String?, String?, String?, String)]
    )
    func authority(_ route: String?, _ destination: String?, _ rewrite: String?, _ expected: String) throws {
        for name in ["Host", ":authority"] {
            var action = F.forward("v1")
            action.requestHeaders = Self.changes(set: route.map { [(name, $0)] } ?? [])
            action.forward?.clusters[0].requestHeaders = Self.changes(set: destination.map { [(name, $0)] } ?? [])
            action.rewrite = TulleL7.Rewrite()
            action.rewrite?.authority = rewrite ?? ""
            let head = try #require(F.table(action).forwards(F.request()))
            #expect(head.authority == expected)
            #expect(head.fields.first(named: "host") == nil)
        }
    }

    @Test("the authority is not removed, and secrets stay out of compression")
    func special() throws {
        let edit = try HeaderEdit(Self.changes(set: [("Authorization", "x")], remove: ["Host", ":authority"]))
        #expect(edit.remove.isEmpty)
        #expect(edit.set == [HeaderField("authorization", "x", sensitive: true)])
    }

    @Test("an answer of the route has its changes too, and may have its own content type")
    func answers() throws {
        var action = TulleL7.RouteAction()
        action.direct = TulleL7.DirectResponse()
        action.direct?.status = 418
        action.direct?.body = Array("{}".utf8)
        action.responseHeaders = Self.changes(set: [("content-type", "application/json")])
        let head = try #require(F.table(action).reply(F.request())).head(asGRPC: false)
        #expect(
            self.seen(head.fields) == [
                "content-type": "application/json", "content-length": "2", "server": "istio-envoy",
            ]
        )
        #expect(head.status == 418)
    }
}
