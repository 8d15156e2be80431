import Testing

@testable import TulleCLI

@Suite("Routes of App Mesh")
struct AppMeshRouteTests {
    @Test(
        "have their conditions written",
        arguments: [
            ("{\"prefix\": \"/\"}", []),
            ("{\"prefix\": \"/a\"}", ["uri:", "prefix: /a"]),
            ("{\"path\": {\"exact\": \"/a/b\"}}", ["uri:", "exact: /a/b"]),
            ("{\"path\": {\"regex\": \"/[a-z]+\"}}", ["uri:", "regex: \"/[a-z]+\""]),
            ("{\"prefix\": \"/\", \"method\": \"POST\"}", ["method:", "exact: POST"]),
            ("{\"prefix\": \"/\", \"scheme\": \"http\"}", ["scheme:", "exact: http"]),
            ("{\"prefix\": \"/\", \"port\": 8080}", ["port: 8080"]),
            ("{\"prefix\": \"/\", \"headers\": [{\"name\": \"X-A\"}]}", ["headers:", "x-a: {}"]),
            (
                "{\"prefix\": \"/\", \"headers\": [{\"name\": \"X-A\", \"invert\": true, \"match\": {\"prefix\": \"b\"}}]}",
                ["withoutHeaders:", "x-a:", "prefix: b"]
            ),
            (
                "{\"prefix\": \"/\", \"headers\": [{\"name\": \"x-a\", \"match\": {\"suffix\": \".b+\"}}]}",
                ["x-a:", "regex: \".*\\\\.b\\\\+\""]
            ),
            (
                "{\"prefix\": \"/\", \"headers\": [{\"name\": \"x-a\", \"match\": {\"range\": {\"start\": -1, \"end\": 2}}}]}",
                ["x-a:", "regex: \"-1|0|1\""]
            ),
            (
                "{\"prefix\": \"/\", \"queryParameters\": [{\"name\": \"q\", \"match\": {\"exact\": \"1\"}}, {\"name\": \"r\"}]}",
                ["queryParams:", "q:", "exact: \"1\"", "r: {}"]
            ),
        ]
    )
    func conditions(_ match: String, _ wanted: [String]) throws {
        let output = try Exports.migrate(Exports.priced([Exports.httpRoute("all", match: match)]))
        let lines = output.text("mesh/routes.yaml").split(separator: "\n").map { $0.drop { " -".contains($0) } }
        for line in wanted { #expect(lines.contains(line[...]), "\(line) in \(lines)") }
        #expect(lines.contains("match:") == !wanted.isEmpty)
        #expect(output.report.count(.lost) == 0)
    }

    @Test("whose condition has no counterpart are left out whole, and told with their field")
    func lost() throws {
        let wide = """
            {"prefix": "/", "headers": [{"name": "x", "match": {"range": {"start": 0, "end": 101}}}]}
            """
        let twice = "{\"prefix\": \"/\", \"headers\": [{\"name\": \"x\"}, {\"name\": \"X\"}]}"
        let output = try Exports.migrate(
            Exports.priced([
                Exports.httpRoute("wide", match: wide), Exports.httpRoute("twice", match: twice),
                Exports.httpRoute("all", match: "{\"prefix\": \"/\"}"),
            ])
        )
        let routes = output.text("mesh/routes.yaml")
        #expect(!routes.contains("name: wide") && !routes.contains("name: twice") && routes.contains("name: all"))
        let lost = output.lines(.lost)
        #expect(lost.count == 2)
        #expect(lost.contains { $0.contains("route.spec.httpRoute.match.headers[0].match.range") })
        #expect(lost.contains { $0.contains("route.spec.httpRoute.match.headers[1].name") })
    }

    @Test("come by priority, then by how close they match")
    func order() throws {
        let output = try Exports.migrate(
            Exports.priced([
                Exports.httpRoute("a-all", match: "{\"prefix\": \"/\"}"),
                Exports.httpRoute("b-long", match: "{\"prefix\": \"/long/\"}"),
                Exports.httpRoute("c-exact", match: "{\"path\": {\"exact\": \"/l\"}}"),
                Exports.httpRoute("d-header", match: "{\"prefix\": \"/\", \"headers\": [{\"name\": \"x\"}]}"),
                Exports.httpRoute("e-last", match: "{\"prefix\": \"/z\"}", priority: 1000),
                Exports.httpRoute("f-first", match: "{\"prefix\": \"/y\"}", priority: 0),
            ])
        )
        let names = output.text("mesh/routes.yaml").split(separator: "\n").filter { $0.hasPrefix("  - name: ") }
        #expect(names.map { $0.dropFirst(10) } == ["f-first", "e-last", "c-exact", "b-long", "d-header", "a-all"])
        #expect(output.lines(.note).contains { $0.contains("without a priority") })
    }

    @Test("keep retries and times, and App Mesh's own time where none is set")
    func retries() throws {
        let policy = """
            , "retryPolicy": {"httpRetryEvents": ["server-error", "client-error"], "tcpRetryEvents": ["connection-error"],
              "maxRetries": 101, "perRetryTimeout": {"unit": "ms", "value": 1500}},
              "timeout": {"perRequest": {"unit": "s", "value": 5}, "idle": {"unit": "s", "value": 9}}
            """
        let output = try Exports.migrate(
            Exports.priced([
                Exports.httpRoute("own", match: "{\"prefix\": \"/own\"}", more: policy),
                Exports.httpRoute("usual", match: "{\"prefix\": \"/\"}"),
            ])
        )
        let routes = output.text("mesh/routes.yaml")
        #expect(routes.contains("retryOn: 5xx,retriable-4xx,connect-failure") == false)
        #expect(routes.contains("retryOn: \"5xx,retriable-4xx,connect-failure\""))
        #expect(routes.contains("attempts: 100") && routes.contains("perTryTimeout: \"1s500ms\""))
        #expect(routes.contains("timeout: \"5s\"") && routes.contains("timeout: \"15s\""))
        #expect(output.lines(.lost).count == 1 && output.lines(.lost)[0].contains("timeout.idle"))
        #expect(output.lines(.changed).contains { $0.contains("maxRetries") })
    }

    @Test("end when the node's own proxy ended them")
    func listenerTimes() throws {
        let times = ", \"timeout\": {\"http\": {\"perRequest\": {\"unit\": \"s\", \"value\": 3}}}"
        let long = ", \"timeout\": {\"perRequest\": {\"unit\": \"s\", \"value\": 60}}"
        let documents = [
            Exports.node("v1", listener: times), Exports.service("price.bazaar.local", router: "price"),
            Exports.router("price"), Exports.httpRoute("all", match: "{\"prefix\": \"/\"}", more: long),
        ]
        #expect(try Exports.migrate(documents).text("mesh/routes.yaml").contains("timeout: \"3s\""))
    }

    @Test("for gRPC go by the path of a call")
    func grpc() throws {
        func route(_ name: String, _ match: String) -> String {
            let action = "{\"weightedTargets\": [{\"virtualNode\": \"v1\", \"weight\": 1}]}"
            return Exports.route(name, "{\"grpcRoute\": {\"match\": \(match), \"action\": \(action)}}")
        }
        let output = try Exports.migrate([
            Exports.node("v1", application: "grpc"), Exports.service("price.bazaar.local", router: "price"),
            Exports.router("price", application: "grpc"),
            route("one", "{\"serviceName\": \"a.B\", \"methodName\": \"C\"}"),
            route(
                "service",
                "{\"serviceName\": \"a.B\", \"metadata\": [{\"name\": \"k\", \"match\": {\"regex\": \"v.\"}}]}"
            ),
            route("all", "{}"),
        ])
        let routes = output.text("mesh/routes.yaml")
        #expect(routes.contains("exact: /a.B/C") && routes.contains("prefix: /a.B/") && routes.contains("regex: v."))
        #expect(output.text("mesh/services.yaml").contains("protocol: GRPC"))
    }

    @Test("for TCP lead by weight")
    func tcp() throws {
        let route = """
            {"tcpRoute": {"match": {"port": 9000}, "action": {"weightedTargets": [
              {"virtualNode": "v1", "weight": 3}, {"virtualNode": "v2", "weight": 0}]}}}
            """
        let output = try Exports.migrate([
            Exports.node("v1", port: 9000, application: "tcp"), Exports.node("v2", port: 9000, application: "tcp"),
            Exports.service("price.bazaar.local", router: "price"),
            Exports.router("price", port: 9000, application: "tcp"),
            Exports.route("all", route),
        ])
        let routes = output.text("mesh/routes.yaml")
        #expect(routes.contains("tcp:") && routes.contains("port: 9000") && routes.contains("weight: 3"))
        #expect(!routes.contains("timeout"))
    }

    @Test(
        "that name what is not there stop it, with file and field",
        arguments: [
            ("{\"virtualNode\": \"v3\", \"weight\": 1}", "weightedTargets[0].virtualNode: no export"),
            (
                "{\"virtualNode\": \"v1\", \"weight\": 1, \"port\": 81}",
                "weightedTargets[0].port: the virtual node has no"
            ),
            ("{\"virtualNode\": \"v1\", \"weight\": 101}", "weightedTargets[0].weight: must be a whole number"),
            ("{\"virtualNode\": \"v1\"}", "weightedTargets[0]: lacks \"weight\""),
            ("7", "weightedTargets[0]: must be an object"),
        ]
    )
    func wrong(_ target: String, _ message: String) throws {
        let route = "{\"httpRoute\": {\"match\": {\"prefix\": \"/\"}, \"action\": {\"weightedTargets\": [\(target)]}}}"
        let failure = #expect(throws: CommandFailure.self) {
            try Exports.migrate(Exports.priced([Exports.route("all", route)]))
        }
        #expect(failure?.message.hasPrefix("x.json: [4].route.spec.httpRoute.action.") == true)
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    }
}
