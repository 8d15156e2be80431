import AWSClient
import Testing

@testable import TulleCLI

@Suite("tulle routes")
struct RoutesTests {
    private static let routes: JSONValue = [
        "routes": [
            [
                "namespace": "shop", "hostname": "web.shop.mesh.internal",
                "waypoint": "cluster.local/ns/shop/sa/waypoint",
                "ports": [
                    [
                        "port": 80,
                        "routes": [
                            [
                                "name": "shop/web/0", "match": "/api/*", "action": "forward",
                                "destinations": [
                                    ["cluster": "outbound|80|v2|web.shop.mesh.internal", "weight": 1],
                                    ["cluster": "outbound|80||web.shop.mesh.internal", "weight": 2],
                                    ["weight": 1, "status": 500, "reason": "Service shop/x is not there"],
                                ],
                                "features": ["timeout 2000ms", "3 retries"],
                            ],
                            ["name": "shop/web/1", "match": "*", "action": "redirect 302"],
                        ],
                        "tls": [["name": "t", "names": ["a.example"], "destinations": []]],
                    ]
                ],
                "clusters": [
                    [
                        "name": "outbound|80|v2|web.shop.mesh.internal", "protocol": "HTTP/1.1",
                        "labels": ["version=2"],
                        "loadBalancer": "RANDOM", "limits": ["maxRequests": 7],
                    ],
                    ["name": "outbound|80||gone.example", "missing": true, "protocol": "HTTP/1.1"],
                ],
                "authorizationPolicies": [["name": "shop/p", "action": "DENY", "dryRun": true]],
                "tokens": [["issuer": "a", "hasKeys": false], ["issuer": "b", "hasKeys": true]],
            ]
        ]
    ]

    private static func show(
        _ output: OutputFormat,
        service: String? = "web",
        answer: JSONValue = Self.routes
    ) async throws -> String {
        let transcript = Transcript()
        let path = service.map { "?namespace=shop&name=\($0)" } ?? "?namespace=shop"
        try await FakeControlPlane.run(["GET /v1/routes\(path)": answer, "GET /v1/routes": answer]) { admin, _ in
            try await RoutesCommand.show(
                admin,
                service: service,
                namespace: "shop",
                output: .test(output),
                console: transcript.console
            )
        }
        return transcript.output
    }

    @Test("one row a route, with shares, refusals and what else is done")
    func table() async throws {
        let text = try await Self.show(.table)
        let rows = text.split(separator: "\n").map { $0.replacing(#/ {2,}/#, with: " | ") }
        #expect(
            rows == [
                "Service: | web.shop.mesh.internal", "Waypoint: | cluster.local/ns/shop/sa/waypoint",
                "Policies: | shop/p (DENY, dry run)", "Tokens of: a (no keys: all refused), b",
                "PORT | MATCH | ACTION | DESTINATIONS | FEATURES | ROUTE",
                "80 | /api/* | forward | web.shop.mesh.internal:80/v2 25%, web.shop.mesh.internal:80 50%, "
                    + "refused (Service shop/x is not there) 25% | timeout 2000ms, 3 retries | shop/web/0",
                "80 | * | redirect 302 | shop/web/1", "80 | TLS a.example | pass | t",
            ]
        )
    }

    @Test("wide shows destinations; json and yaml the document")
    func forms() async throws {
        let wide = try await Self.show(.wide)
        #expect(
            wide.contains("web.shop.mesh.internal:80/v2  HTTP/1.1  RANDOM          version=2  -    maxRequests=7")
        )
        #expect(wide.contains("gone.example:80               HTTP/1.1  (is not there)"))
        #expect(try JSONValue(parsing: try await Self.show(.json)) == Self.routes)
        #expect(try await Self.show(.yaml).contains("waypoint: cluster.local/ns/shop/sa/waypoint"))
    }

    @Test("a service without a waypoint is told of, and so is a namespace without any")
    func nothing() async throws {
        await #expect(throws: CommandFailure.self) { try await Self.show(.table, answer: ["routes": []]) }
        let text = try await Self.show(.table, service: nil, answer: ["routes": []])
        #expect(text == "no service is bound to a waypoint\n")
    }
}
