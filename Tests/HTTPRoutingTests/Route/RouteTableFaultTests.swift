import MeshModel
import MeshProtos
import MeshTelemetry
import Testing

@testable import HTTPRouting

@Suite("Routes that can't be carried out")
struct RouteTableFaultTests {
    typealias F = RouteFixture

    @Test("answer 500 to what they would have had, and are never skipped")
    func answers() {
        let table = F.table([
            (F.match(F.path(.exact, "/a"), headers: [F.header("x", .regex, "(")]), "v1"),
            (F.match(F.path(.exact, "/a")), "v2"), (F.match(F.path(.regex, "["), method: "PUT"), "v1"),
            (F.match(), "v2"),
        ])
        #expect(table.goes(F.request("/a")) == "500")
        #expect(table.goes(F.request("/b")) == "v2")
        #expect(table.goes(F.request("/b", method: "PUT")) == "500")
        #expect(table.faults.map(\.entry) == [0, 2])
        #expect(
            table.faults.map { "\($0.fault)" } == [
                "the pattern '(' is not valid: a group is not closed, 0 characters before the end",
                "the pattern '[' is not valid: a class is not closed, 0 characters before the end",
            ]
        )
    }

    @Test(
        "by any part of a condition",
        arguments: [
            { $0.method = F.text(.regex, "(") }, { $0.scheme = F.text(.regex, "(") },
            { $0.authority = F.text(.regex, "(") }, { $0.query = [F.query("a", .regex, "(")] },
            { $0.headers = [F.header("a b")] }, { $0.path = F.path(TulleL7.PathMatch.Kind(rawValue: 9), "/") },
            { $0.headers = [F.header("a", TulleL7.StringMatch.Kind(rawValue: 9), "")] },
        ] as [@Sendable (inout TulleL7.RouteMatch) -> Void]
    )
    func conditions(_ change: @Sendable (inout TulleL7.RouteMatch) -> Void) {
        var match = F.match()
        change(&match)
        #expect(F.table([(match, "v1")]).goes(F.request()) == "500")
    }

    @Test(
        "by any part of an action",
        arguments: [
            { $0.forward = nil }, { $0.requestHeaders = Self.set(":method", "GET") },
            { $0.requestHeaders = Self.set("content-length", "0") }, { $0.responseHeaders = Self.set("a", "b\r\nc") },
            { $0.requestHeaders = Self.set("host", "a b") }, { $0.requestHeaders = Self.set("a b", "") },
            { $0.fault = Self.abort(99) }, { $0.rewrite = Self.rewrite("(", .regex) },
            { $0.rewrite = Self.rewrite("/a b", .full) }, { $0.crossOrigin = Self.origins("https://a.*.com") },
            { $0.redirect = Self.redirect(status: 200) }, { $0.direct = TulleL7.DirectResponse() },
        ] as [@Sendable (inout TulleL7.RouteAction) -> Void]
    )
    func actions(_ change: @Sendable (inout TulleL7.RouteAction) -> Void) throws {
        var action = F.forward("v1")
        change(&action)
        let table = F.table(action)
        let reply = try #require(table.reply(F.request()))
        #expect(reply.status == 500)
        #expect(reply.details.hasPrefix("invalid_route{"))
        #expect(reply.head(asGRPC: true).fields.first(named: "grpc-status") == "14")
        #expect(table.faults.count == 1)
    }

    private static func set(_ name: String, _ value: String) -> TulleL7.HeaderChanges {
        var changes = TulleL7.HeaderChanges()
        var header = TulleL7.Header()
        header.name = name
        header.value = value
        changes.set = [header]
        return changes
    }

    private static func abort(_ status: UInt32) -> TulleL7.Fault {
        var fault = TulleL7.Fault()
        fault.abortFraction = 1_000_000
        fault.httpStatus = status
        return fault
    }

    private static func rewrite(_ value: String, _ kind: TulleL7.PathChange.Kind) -> TulleL7.Rewrite {
        var rewrite = TulleL7.Rewrite()
        rewrite.path = TulleL7.PathChange()
        rewrite.path?.kind = kind
        rewrite.path?.value = value
        rewrite.path?.pattern = value
        return rewrite
    }

    private static func origins(_ pattern: String) -> TulleL7.CrossOrigin {
        var rule = TulleL7.CrossOrigin()
        rule.originPatterns = [pattern]
        return rule
    }

    private static func redirect(status: UInt32) -> TulleL7.Redirect {
        var redirect = TulleL7.Redirect()
        redirect.status = status
        return redirect
    }

    @Test("an entry without its action")
    func noAction() {
        var routes = F.routes([(F.match(), F.forward("v1"))])
        routes.entries[0].action = 7
        let table = RouteTable(routes, clusters: F.clusters)
        #expect(table.goes(F.request()) == "500")
        #expect(table.faults.map(\.fault) == [.action(7)])
    }

    @Test("G8 HTTPRouteNoBackendRefs: no destination, or none with a weight")
    func noDestinations() {
        #expect(F.table(F.forward([])).goes(F.request()) == "500")
        #expect(F.table(F.forward([("v1", 0), ("v2", 0)])).goes(F.request()) == "500")
    }

    @Test("G9–G11, I63: a destination that is not valid, by its declared status")
    func failures() throws {
        var action = F.forward([("", 1)])
        action.forward?.clusters[0].failure = TulleL7.Failure()
        action.forward?.clusters[0].failure?.status = 503
        action.forward?.clusters[0].failure?.reason = "no such service"
        let reply = try #require(F.table(action).reply(F.request()))
        #expect(reply.status == 503)
        #expect(reply.details == "invalid_route{no_such_service}")
        #expect(F.table(F.forward([("", 1)])).goes(F.request()) == "500")
    }

    @Test("G12: a share that is not valid gets 500, the rest goes on")
    func partlyInvalid() {
        let table = F.table(F.forward([("v1", 1), ("", 1)]))
        let results = (0..<200).map { table.goes(F.request(), seed: $0) }
        #expect(Set(results) == ["v1", "500"])
        #expect((60...140).contains(results.count { $0 == "500" }))
    }

    @Test("a cluster that is not in the resource is 503, NC")
    func missingCluster() throws {
        let reply = try #require(F.table(F.forward("nowhere")).reply(F.request()))
        #expect(reply.status == 503)
        #expect(reply.flags == .noClusterFound)
    }
}
