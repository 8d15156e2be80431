import AWSClient
import Testing

@testable import TulleCLI

@Suite("tulle status, token, ca and certificates")
struct StatusTests {
    private static let proxies: JSONValue = [
        "proxies": [
            [
                "identity": "spiffe://cluster.local/ns/shop/sa/web", "node": "ztunnel~10.0.0.1~web-1.shop~shop.svc",
                "address": "10.0.0.1:40000", "controlPlane": "cp-1", "since": "2026-11-30T05:00:00Z",
                "version": "0.1.0",
                "types": [
                    ["type": "type.googleapis.com/istio.workload.Address", "status": "SYNCED", "version": "7"],
                    [
                        "type": "type.googleapis.com/istio.security.Authorization", "status": "ERROR",
                        "lastError": "policy shop/x:\nno rule",
                    ],
                ],
            ],
            ["node": "odd", "types": [["type": "type.googleapis.com/istio.workload.Address", "status": "STALE"]]],
        ]
    ]

    private static func show(
        _ output: OutputFormat,
        findings: JSONValue = [],
        version: JSONValue = ["ready": true],
        accounts: JSONValue = []
    ) async throws -> Transcript {
        let transcript = Transcript()
        let answers: [String: JSONValue] = [
            "GET /v1/proxies": Self.proxies, "GET /v1/findings": ["findings": findings], "GET /v1/version": version,
            "GET /v1/accounts": ["accounts": accounts],
        ]
        try await FakeControlPlane.run(answers) { admin, _ in
            try await StatusCommand.show(admin, output: .test(output), console: transcript.console)
        }
        return transcript
    }

    @Test("shows who is connected and to what")
    func table() async throws {
        let transcript = try await Self.show(
            .table,
            findings: [["code": "hostname_conflict", "subject": "web.shop", "detail": "two port sets"]]
        )
        #expect(
            transcript.output == """
                NAME        CLUSTER  TULLED  VERSION  SUBSCRIBED TYPES
                odd         -        -       -        1 (WDS)
                web-1.shop  -        cp-1    0.1.0    2 (WADS,WDS)

                """
        )
        #expect(
            transcript.progress == """
                ! web-1.shop refused WADS: policy shop/x: no rule
                ! [hostname_conflict] web.shop: two port sets

                """
        )
    }

    @Test("shows the workers that watch AWS, and says what they can't read")
    func accounts() async throws {
        let denied = "account: AccessDeniedException: not allowed"
        let transcript = try await Self.show(
            .table,
            accounts: [
                [
                    "name": "shop/eu-west-1", "account": "444455556666", "region": "eu-west-1", "state": "Degraded",
                    "seen": "2026-11-30T05:00:00Z", "tasks": 12, "error": .string(denied),
                    "errorCode": "AccessDeniedException",
                ],
                ["name": "us-east-1", "account": "", "region": "us-east-1", "state": "Pending", "tasks": 0],
            ]
        )
        #expect(
            transcript.output.hasSuffix(
                """
                \n
                WORKER          ACCOUNT       REGION     STATE     LAST SUCCESS          TASKS  ERROR
                shop/eu-west-1  444455556666  eu-west-1  Degraded  2026-11-30T05:00:00Z  12     AccessDeniedException
                us-east-1       -             us-east-1  Pending   -                     0      -

                """
            )
        )
        #expect(transcript.progress.split(separator: "\n").contains("! shop/eu-west-1: \(denied)"))
        let json = try JSONValue(parsing: try await Self.show(.json, accounts: [["name": "us-east-1"]]).output)
        #expect(json["accounts"] == [["name": "us-east-1"]])
    }

    @Test("says that discovery has not finished")
    func awaited() async throws {
        let transcript = try await Self.show(
            .table,
            version: ["ready": false, "awaited": "discovery has not finished, waiting for eu-west-1"]
        )
        #expect(transcript.progress.hasPrefix("! discovery has not finished, waiting for eu-west-1\n"))
    }

    @Test("says how the replica stands among others")
    func replica() async throws {
        let shared: JSONValue = [
            "name": "cp-1-ab", "table": "tulle@eu-west-1", "revision": 7, "documents": 3,
            "lastContact": "2026-11-30T05:00:00Z", "error": "dynamodb GetItem: no connection",
            "leases": [
                ["work": "route53", "holder": "cp-1-ab", "isOurs": true], ["work": "events", "isOurs": false],
            ],
        ]
        let transcript = try await Self.show(.table, version: ["ready": true, "shared": shared])
        let lines = transcript.progress.split(separator: "\n").prefix(4)
        #expect(
            Array(lines) == [
                "• replica cp-1-ab: revision 7 of 3 resources in table tulle@eu-west-1, last answer 2026-11-30T05:00:00Z",
                "• route53: cp-1-ab, this one", "• events: nobody",
                "! the shared table does not answer: dynamodb GetItem: no connection",
            ]
        )
    }

    @Test("wide has a column for each type")
    func wide() async throws {
        let lines = try await Self.show(.wide).output.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("NAME        CLUSTER  TULLED  VERSION  WADS   WDS     ADDRESS         SINCE"))
        #expect(lines[1].hasPrefix("odd         -        -       -        -      STALE   -"))
        #expect(
            lines[2].hasPrefix(
                "web-1.shop  -        cp-1    0.1.0    ERROR  SYNCED  10.0.0.1:40000  2026-11-30T05:00:00Z"
            )
        )
    }

    @Test("JSON has proxies and findings; nobody is told")
    func json() async throws {
        let json = try JSONValue(parsing: try await Self.show(.json).output)
        #expect(json["proxies"]?.array?.count == 2)
        #expect(json["findings"] == [])
        #expect(ProxyTable.text([], isWide: false) == "nobody is connected")
    }

    @Test("tokens are listed without secrets")
    func tokens() {
        let answer: JSONValue = [
            "tokens": [
                [
                    "id": "t1", "namespace": "shop", "serviceAccount": "vm", "expires": "2026-12-01T00:00:00Z",
                    "token": "secret", "state": "unused",
                ]
            ]
        ]
        #expect(
            TokenCommand.List.text(answer) == """
                ID  NAMESPACE  SERVICE ACCOUNT  STATE   EXPIRES
                t1  shop       vm               unused  2026-12-01T00:00:00Z
                """
        )
        #expect(TokenCommand.List.text([:]) == "there are no join tokens")
    }

    @Test("a join token is asked for the workload, and never shows its secret by itself")
    func joinToken() async throws {
        let shop = try #require(MeshName("shop"))
        try await FakeControlPlane.run(["POST /v1/tokens": ["id": "t1", "token": "s3cret"]]) { admin, fake in
            let token = try await JoinToken.make(for: shop, shop, lifetime: 600, admin)
            #expect(token.secret == "s3cret")
            #expect("\(token)" == "JoinToken(t1)")
            #expect(fake.seen.first?.body == #"{"namespace":"shop","serviceAccount":"shop","ttlSeconds":600}"#)
            #expect(fake.seen.first?.contentType == "application/json")
        }
        try await FakeControlPlane.run(["POST /v1/tokens": ["id": "t1"]]) { admin, _ in
            await #expect(throws: CommandFailure.self) {
                try await JoinToken.make(for: shop, shop, lifetime: 600, admin)
            }
        }
    }

    @Test("a rotation's step is posted, by force only when asked")
    func rotation() async throws {
        let transcript = Transcript()
        let answers: [String: JSONValue] = ["POST /v1/rotation/finish": ["phase": "finished", "pending": []]]
        try await FakeControlPlane.run(answers) { admin, fake in
            try await RotationCommand.step("finish", isForced: true, admin, console: transcript.console)
            try await RotationCommand.step("finish", isForced: false, admin, console: transcript.console)
            #expect(fake.seen.map(\.query) == ["force=true", ""])
        }
        #expect(transcript.output.hasPrefix("phase:    finished\npending:  -\n"))
        #expect(transcript.progress.hasPrefix("✓ rotation: finish is done"))
    }

    @Test("sessions are ended by one call")
    func sessions() async throws {
        let transcript = Transcript()
        try await FakeControlPlane.run(["DELETE /v1/sessions": ["ended": "2026-01-01T00:00:00Z"]]) { admin, fake in
            try await WaypointCommand.endSessions(admin, transcript.console)
            #expect(fake.seen.count == 1)
        }
        #expect(transcript.progress.hasPrefix("✓ sessions: the secret is made anew"))
        try await FakeControlPlane.run([:]) { admin, _ in
            await #expect(throws: CommandFailure.self) {
                try await WaypointCommand.endSessions(admin, transcript.console)
            }
        }
    }

    @Test("certificates are shown by chain or one by one")
    func certificates() {
        let flat: JSONValue = [
            "certificates": [
                ["name": "root", "type": "Root", "serial": "01", "notAfter": "2035-01-01T00:00:00Z"]
            ]
        ]
        #expect(
            CertificatesCommand.text(flat) == """
                NAME  TYPE  STATUS  SERIAL NUMBER  NOT AFTER             NOT BEFORE
                root  Root  -       01             2035-01-01T00:00:00Z  -
                """
        )
        let chains: JSONValue = ["certificates": [["identity": "a", "state": "Initializing", "certChain": []]]]
        #expect(CertificatesCommand.text(chains).hasPrefix("CERTIFICATE NAME  TYPE"))
    }

    @Test("the version has a client's and a server's part")
    func version() {
        #expect(VersionCommand.text(nil) == "tulle \(VersionCommand.version)")
        #expect(VersionCommand.text(["version": "0.2.0"]) == "tulle \(VersionCommand.version)\ntulled 0.2.0")
        #expect(VersionCommand.document(["version": "9"])["server"]?["version"] == "9")
        #expect(VersionCommand.document(nil)["server"] == nil)
    }

    @Test("completion scripts are made for three shells", arguments: CompletionCommand.Shell.allCases)
    func completion(_ shell: CompletionCommand.Shell) {
        let script = CompletionCommand.script(for: shell)
        #expect(script.contains("ztunnel-config"))
        #expect(script.contains("tulle"))
    }
}
