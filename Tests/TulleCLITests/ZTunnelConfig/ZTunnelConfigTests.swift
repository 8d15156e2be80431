import AWSClient
import AWSTestSupport
import Foundation
import Testing

@testable import TulleCLI

@Suite("tulle ztunnel-config")
struct ZTunnelConfigTests {
    private static var document: JSONValue {
        var document = MeshFixtures.document
        document["certificates"] = [
            [
                "identity": "spiffe://cluster.local/ns/shop/sa/web", "state": "Available",
                "certChain": [certificate("01", 2030), certificate("02", 2031)], "rootCerts": [certificate("03", 2035)],
            ],
            ["identity": "spiffe://cluster.local/ns/shop/sa/new", "state": "Initializing", "certChain": []],
            [
                "identity": "spiffe://cluster.local/ns/shop/sa/old", "state": ["Unavailable": "expired"],
                "certChain": [certificate("04", 2021), certificate("05", 2035)],
            ],
        ]
        document["workloadState"] = [
            "ecs//Task/shop/1": [
                "state": "Up", "info": ["name": "web-1", "namespace": "shop"],
                "connections": [
                    "inbound": [
                        [
                            "src": "10.0.0.9:40000", "originalDst": nil, "actualDst": "10.0.0.1:8080",
                            "protocol": "HBONE",
                        ]
                    ],
                    "outbound": [
                        [
                            "src": "10.0.0.1:50000", "originalDst": "240.240.0.1:80", "actualDst": "10.0.0.2:15008",
                            "protocol": "HBONE",
                        ]
                    ],
                ],
            ]
        ]
        return document
    }

    private static func certificate(_ serial: String, _ year: Int) -> JSONValue {
        [
            "pem": "", "serialNumber": .string(serial), "validFrom": "2020-01-01T00:00:00Z",
            "expirationTime": .string("\(year)-01-01T00:00:00Z"),
        ]
    }

    @Test("certificates: leaf, intermediates, roots, with what is valid now")
    func certificates() throws {
        let list = try #require(Self.document["certificates"]?.array)
        let now = try #require(CertificateTable.time("2026-06-01T00:00:00.5Z"))
        #expect(
            CertificateTable.text(list, now: now) == """
                CERTIFICATE NAME                       TYPE          STATUS        VALID CERT  SERIAL NUMBER  \
                NOT AFTER             NOT BEFORE
                spiffe://cluster.local/ns/shop/sa/web  Leaf          Available     true        01             \
                2030-01-01T00:00:00Z  2020-01-01T00:00:00Z
                spiffe://cluster.local/ns/shop/sa/web  Intermediate  Available     true        02             \
                2031-01-01T00:00:00Z  2020-01-01T00:00:00Z
                spiffe://cluster.local/ns/shop/sa/web  Root          Available     true        03             \
                2035-01-01T00:00:00Z  2020-01-01T00:00:00Z
                spiffe://cluster.local/ns/shop/sa/new  -             Initializing  false       -              \
                -                     -
                spiffe://cluster.local/ns/shop/sa/old  Leaf          Unavailable   false       04             \
                2021-01-01T00:00:00Z  2020-01-01T00:00:00Z
                spiffe://cluster.local/ns/shop/sa/old  Root          Unavailable   true        05             \
                2035-01-01T00:00:00Z  2020-01-01T00:00:00Z
                """
        )
    }

    @Test("connections with names where they are known")
    func connections() {
        let dump = ZTunnelDump(Self.document)
        #expect(
            dump.connections() == """
                WORKLOAD    DIRECTION  LOCAL             REMOTE            REMOTE TARGET              PROTOCOL
                web-1.shop  Inbound    web-1.shop:8080   10.0.0.9:40000    -                          HBONE
                web-1.shop  Outbound   web-1.shop:50000  web-2.shop:15008  web.shop.mesh.internal:80  HBONE
                """
        )
        #expect(
            dump.connections(.outbound, namespace: "shop", isRaw: true) == """
                WORKLOAD    DIRECTION  LOCAL           REMOTE          REMOTE TARGET   PROTOCOL
                web-1.shop  Outbound   10.0.0.1:50000  10.0.0.2:15008  240.240.0.1:80  HBONE
                """
        )
        #expect(dump.connections(namespace: "other").split(separator: "\n").count == 1)
    }

    @Test("fetches the dump, and sets the log level by POST")
    func admin() async throws {
        let requests = Requests()
        let document = Self.document
        let server = try await LoopbackServer { request in
            requests.note("\(request.method) \(request.url)")
            return request.url == "/config_dump"
                ? .init(text: document.text()) : .init(text: "current log level is \u{1b}[1mdebug\n")
        }
        let transport = NetworkTransport()
        let admin = ZTunnelAdmin(address: "127.0.0.1:\(server.port)", transport: transport)
        #expect(try await admin.dump().view.workloads.count == 4)
        #expect(try await admin.log(level: "access=debug", isReset: true) == "current log level is  [1mdebug")
        #expect(requests.lines == ["GET /config_dump", "POST /logging?reset&level=access%3Ddebug"])
        await transport.shutdown()
        await server.close()
        // A fresh transport, as the old one's connection outlives the listener.
        let fresh = NetworkTransport()
        let gone = ZTunnelAdmin(address: admin.address, transport: fresh)
        let failure = await #expect(throws: CommandFailure.self) { _ = try await gone.dump() }
        #expect(failure?.status == .unavailable)
        #expect(failure?.hint?.contains("--via exec") == true)
        await fresh.shutdown()
    }

    @Test("prints the line that reaches a task's ztunnel, quoted for a shell")
    func exec() {
        let line = ExecLine(cluster: "c1", task: "arn:aws:ecs:us-east-1:1:task/c1/0f", container: "it's")
        #expect(
            line.text == "aws ecs execute-command --cluster c1 --task arn:aws:ecs:us-east-1:1:task/c1/0f "
                + #"--container 'it'\''s' --interactive --command 'curl -s http://127.0.0.1:15000/config_dump'"#
        )
    }
}
