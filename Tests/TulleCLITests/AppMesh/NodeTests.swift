import Foundation
import Testing

@testable import TulleCLI

@Suite("Virtual nodes of App Mesh")
struct AppMeshNodeTests {
    @Test("have limits and ejection in a DestinationRule, by port where there are several")
    func limits() throws {
        let limits = """
            , "connectionPool": {"http": {"maxConnections": 7, "maxPendingRequests": 3}},
              "outlierDetection": {"baseEjectionDuration": {"unit": "s", "value": 30},
                "interval": {"unit": "ms", "value": 2500}, "maxEjectionPercent": 40, "maxServerErrors": 6}
            """
        let rules = try Exports.migrate([Exports.node("v1", listener: limits)]).text("mesh/destinations.yaml")
        for line in [
            "host: v1.bazaar.local", "maxConnections: 7", "http1MaxPendingRequests: 3", "consecutive5xxErrors: 6",
            "interval: \"2s500ms\"", "baseEjectionTime: \"30s\"", "maxEjectionPercent: 40",
        ] { #expect(rules.contains(line), "\(line)") }
        #expect(!rules.contains("portLevelSettings"))

        let two = limits + "}, {\"portMapping\": {\"port\": 9090, \"protocol\": \"http\"}"
        #expect(
            try Exports.migrate([Exports.node("v1", listener: two)]).text("mesh/destinations.yaml")
                .contains("portLevelSettings:\n")
        )
    }

    @Test("have their health checks where a task definition tells the service")
    func health() throws {
        let check = """
            , "healthCheck": {"healthyThreshold": 2, "unhealthyThreshold": 4, "intervalMillis": 5000,
              "timeoutMillis": 2500, "path": "/up", "port": 9901, "protocol": "http"}
            """
        let node = Exports.node("v1", listener: check)
        let with = try Exports.migrate([node, Exports.definition("Price_App", node: "v1")])
        let text = with.text("mesh/health.yaml")
        for line in [
            "name: price-app", "port: 8080", "probePort: 9901", "path: /up", "interval: \"5s\"", "timeout: \"2s500ms\"",
            "unhealthyThreshold: 4", "healthyThreshold: 2",
        ] { #expect(text.contains(line), "\(line)") }

        let without = try Exports.migrate([node])
        #expect(without.text("mesh/health.yaml").isEmpty)
        #expect(without.lines(.lost).contains { $0.contains("listeners[0].healthCheck") })
    }

    @Test("that no task definition runs are outside the mesh")
    func outside() throws {
        let output = try Exports.migrate([
            Exports.node("db", host: "DB.Example.com.", port: 5432, application: "tcp"),
            Exports.service("ledger.bazaar.local", node: "db"),
        ])
        let entries = output.text("mesh/services.yaml")
        for line in [
            "- db.example.com", "- ledger.bazaar.local", "resolution: DNS", "address: db.example.com",
            "location: MESH_EXTERNAL", "protocol: TCP",
        ] { #expect(entries.contains(line), "\(line)") }
        #expect(output.text("mesh/waypoint.yaml").isEmpty)
        #expect(!output.text("mesh/namespace.yaml").contains("use-waypoint"))
    }

    @Test("that share a name get names of their own")
    func names() throws {
        let output = try Exports.migrate([
            Exports.node("blue", host: "price.bazaar.local"), Exports.node("green", host: "price.bazaar.local"),
            Exports.node("short", host: "short"),
        ])
        let entries = output.text("mesh/services.yaml")
        for host in ["- price.bazaar.local", "- green.bazaar.local", "- short.bazaar"] {
            #expect(entries.contains(host))
        }
        #expect(output.lines(.changed).count == 2)
    }

    @Test("whose TLS is strict throughout get one rule for all, else one each")
    func strict() throws {
        let tls = ", \"tls\": {\"mode\": \"STRICT\", \"certificate\": {\"file\": {\"certificateChain\": \"/c\"}}}"
        let strict = [Exports.node("a", listener: tls), Exports.definition("a", node: "a")]
        let all = try Exports.migrate(strict).text("later/authentication.yaml")
        #expect(all.contains("name: default") && all.contains("mode: STRICT") && !all.contains("selector"))
        let some = try Exports.migrate(strict + [Exports.node("b"), Exports.definition("b", node: "b")])
        #expect(some.text("later/authentication.yaml").contains("app: a"))
        #expect(!some.text("later/authentication.yaml").contains("app: b"))
        #expect(try Exports.migrate([Exports.node("b")]).text("later/authentication.yaml").isEmpty)
    }

    @Test("have their backends turned into suggestions, for the name that is called too")
    func backends() throws {
        let backend = ", \"backends\": [{\"virtualService\": {\"virtualServiceName\": \"price.bazaar.local\"}}]"
        let output = try Exports.migrate(
            Exports.priced([Exports.httpRoute("all", match: "{\"prefix\": \"/\"}")])
                + [
                    Exports.node("front", spec: backend), Exports.definition("front", node: "front"),
                    Exports.definition("v1", node: "v1"),
                ]
        )
        let text = output.text("suggestions/authorization.yaml")
        #expect(text.hasPrefix("# "))
        #expect(text.components(separatedBy: "cluster.local/ns/shop/sa/front").count == 2)
        #expect(text.contains("kind: Service\n    name: v1"))
        // Where no service has the name, the waypoint asks the policies of its ServiceEntry.
        let entry = try Exports.migrate(
            Exports.priced([Exports.httpRoute("all", match: "{\"prefix\": \"/\"}")])
                + [Exports.node("front", spec: backend), Exports.definition("front", node: "front")]
        )
        #expect(
            entry.text("suggestions/authorization.yaml").contains("kind: ServiceEntry\n    name: price-bazaar-local")
        )
    }

    @Test("lose nothing in silence: what is unknown is told")
    func unknown() throws {
        let output = try Exports.migrate([
            Exports.node("v1", spec: ", \"novelty\": {\"deep\": [{\"er\": true}, null, []]}"),
            Exports.resource("virtualGateway", "door", "{\"listeners\": []}"),
            Exports.resource("mesh", "bazaar", "{\"egressFilter\": {\"type\": \"DROP_ALL\"}}"),
            Exports.service("nobody.bazaar.local"),
        ])
        #expect(
            output.lines(.lost).map { $0.prefix { $0 != ":" } } == [
                "lost (virtualService/nobody.bazaar.local) it has no provider, so that calls to it failed; it is left out",
                "lost (virtualGateway/door) x.json", "lost (mesh/bazaar) x.json", "lost (virtualNode/v1) x.json",
            ]
        )
        #expect(output.lines(.lost).last?.contains("virtualNode.spec.novelty.deep[0].er") == true)
    }

    @Test("and virtual services by node are further names, forwarded where the name is another's")
    func aliases() throws {
        let output = try Exports.migrate(
            [
                Exports.node("a"), Exports.node("b"), Exports.service("prices.bazaar.local", node: "a"),
                Exports.service("b.bazaar.local", node: "a"), Exports.definition("a", node: "a"),
                Exports.definition("b", node: "b"),
            ],
            withDefinitions: true
        )
        let tags = output.report.steps.first { $0.virtualNode == "a" }?.tags ?? []
        #expect(tags.contains(.init(key: "tulle/hostname", value: "a.bazaar.local prices.bazaar.local")))
        #expect(output.text("mesh/routes.yaml").contains("- b.bazaar.local"))
        #expect(output.text("mesh/routes.yaml").contains("host: a.bazaar.local"))
    }

    @Test("that a router leads to are a pool of its name")
    func pool() throws {
        let both = """
            {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [
              {"virtualNode": "v1", "weight": 9}, {"virtualNode": "v2", "weight": 1}]}}}
            """
        let output = try Exports.migrate(
            Exports.priced([Exports.route("all", both)])
                + [Exports.definition("v1", node: "v1"), Exports.definition("v2", node: "v2")],
            withDefinitions: true
        )
        let names = output.report.steps.map { step in step.tags.first { $0.key == "tulle/hostname" }?.value }
        #expect(names == ["v1.bazaar.local price.bazaar.local", "v2.bazaar.local price.bazaar.local"])
        #expect(output.text("mesh/services.yaml").isEmpty)
    }

    @Test("answer on the ports that callers use")
    func ports() throws {
        let output = try Exports.migrate(
            [
                Exports.node("v1", host: "price.bazaar.local"), Exports.definition("v1", node: "v1"),
                Exports.service("price.bazaar.local", router: "price"), Exports.router("price", port: 80),
                Exports.httpRoute("all", match: "{\"prefix\": \"/\"}"),
            ],
            withDefinitions: true
        )
        let tags = output.report.steps.first?.tags ?? []
        #expect(tags.contains(.init(key: "tulle/ports", value: "http:80:8080/http:8080")))
    }
}
