import AWSClient
import AWSTestSupport
import Testing

@testable import TulleCLI

@Suite("tulle waypoint")
struct WaypointTests {
    private static func gateway(_ name: String, programmed: String?, labels: JSONValue = [:]) -> JSONValue {
        var json: JSONValue = [
            "kind": "Gateway", "apiVersion": "gateway.networking.k8s.io/v1",
            "metadata": ["name": .string(name), "namespace": "shop", "labels": labels],
            "spec": ["gatewayClassName": "istio-waypoint"], "status": ["state": "accepted", "conditions": []],
        ]
        if let programmed {
            json["status"] = [
                "conditions": [
                    [
                        "type": "Programmed", "status": .string(programmed), "reason": "AddressNotAssigned",
                        "message": "no task runs it",
                    ]
                ]
            ]
        }
        return json
    }

    private static let other: JSONValue = [
        "kind": "Gateway", "metadata": ["name": "east", "namespace": "shop"],
        "spec": ["gatewayClassName": "istio-east-west"],
    ]

    private static let waypoints = [
        gateway("a", programmed: "True", labels: ["istio.io/waypoint-for": "all", "istio.io/rev": "canary"]),
        gateway("b", programmed: "False"), gateway("c", programmed: nil), other,
    ]

    @Test("generate writes the Gateway that istioctl writes")
    func generate() {
        let gateway = WaypointGateway(namespace: "shop", traffic: .all, revision: "canary")
        #expect(
            YAMLText.document(gateway.json) == """
                apiVersion: gateway.networking.k8s.io/v1
                kind: Gateway
                metadata:
                  labels:
                    istio.io/waypoint-for: all
                    istio.io/rev: canary
                  name: waypoint
                  namespace: shop
                spec:
                  gatewayClassName: istio-waypoint
                  listeners:
                  - name: mesh
                    port: 15008
                    protocol: HBONE
                """
        )
        #expect(WaypointGateway(namespace: "shop").json["metadata"]?["labels"] == nil)
    }

    @Test("list and status have istioctl's columns, and leave other gateways out")
    func tables() {
        let found = Self.waypoints.compactMap(StoredResource.init).filter(WaypointGateway.isWaypoint)
        #expect(
            WaypointTables.list(found, showsNamespace: true) == """
                NAMESPACE  NAME  REVISION  TRAFFIC TYPE  PROGRAMMED
                shop       a     canary    all           True
                shop       b     default   service       False
                shop       c     default   service       Unknown
                """
        )
        #expect(
            WaypointTables.status(found, showsNamespace: false) == """
                NAME  STATUS   TYPE        REASON              MESSAGE
                a     True     Programmed  AddressNotAssigned  no task runs it
                b     False    Programmed  AddressNotAssigned  no task runs it
                c     Unknown  Programmed  -                   nothing is known yet
                """
        )
        #expect(WaypointTables.list([], showsNamespace: false) == "there are no waypoints")
    }

    @Test("apply declares the gateway and labels the namespace, keeping what it has")
    func apply() async throws {
        let namespace: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop", "labels": ["team": "a"]],
            "status": ["state": "accepted"],
        ]
        let answers: [String: JSONValue] = [
            "GET /v1/resources": ["items": [namespace]],
            "POST /v1/resources": ["results": [["kind": "X", "name": "x", "action": "created"]]],
        ]
        let transcript = Transcript()
        try await FakeControlPlane.run(answers) { admin, fake in
            let command = ApplyWaypoint(gateway: WaypointGateway(namespace: "shop"), enrolsNamespace: true)
            try await command.run(admin, console: transcript.console)
            let bodies = fake.seen.filter { $0.line == "POST /v1/resources" }.map(\.body)
            #expect(bodies.count == 2)
            #expect(bodies[0].contains("kind: Gateway"))
            #expect(
                bodies[1] == """
                    apiVersion: v1
                    kind: Namespace
                    metadata:
                      name: shop
                      labels:
                        team: a
                        istio.io/use-waypoint: waypoint
                    """
            )
        }
        #expect(transcript.progress.contains("waypoint shop/waypoint applied"))
    }

    @Test("a namespace of another waypoint is left alone without --overwrite, and nothing is applied")
    func overwrite() async throws {
        let namespace: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": [
                "name": "shop", "labels": ["istio.io/use-waypoint": "old", "istio.io/use-waypoint-namespace": "x"],
            ],
        ]
        try await FakeControlPlane.run(["GET /v1/resources": ["items": [namespace]]]) { admin, fake in
            let command = ApplyWaypoint(gateway: WaypointGateway(namespace: "shop"), enrolsNamespace: true)
            let failure = await #expect(throws: CommandFailure.self) {
                try await command.run(admin, console: Transcript().console)
            }
            #expect(failure?.message == "namespace \"shop\" uses the waypoint \"old\" already")
            #expect(fake.lines == ["GET /v1/resources"])
        }
        let command = ApplyWaypoint(
            gateway: WaypointGateway(namespace: "shop"),
            enrolsNamespace: true,
            overwrites: true
        )
        let document = try command.enrolled(namespace)
        #expect(document["metadata"]?["labels"] == ["istio.io/use-waypoint": "waypoint"])
    }

    @Test("a refused waypoint is a failure with the reasons")
    func refused() async throws {
        let answers: [String: JSONValue] = [
            "GET /v1/resources": ["items": []],
            "POST /v1/resources": [
                "results": [
                    ["kind": "Gateway", "name": "w", "action": "refused", "diagnostics": [["reason": "too many"]]]
                ]
            ],
        ]
        try await FakeControlPlane.run(answers) { admin, _ in
            let failure = await #expect(throws: CommandFailure.self) {
                try await ApplyWaypoint(gateway: WaypointGateway(namespace: "shop"))
                    .run(admin, console: Transcript().console)
            }
            #expect(failure?.message.contains("too many") == true)
        }
    }

    @Test("waits until all are programmed, or tells which are not")
    func waiting() async throws {
        let before = JSONValue.object(["items": .array([Self.gateway("a", programmed: "False")])]).text()
        let after = JSONValue.object(["items": .array([Self.gateway("a", programmed: "True")])]).text()
        try await FakeControlPlane.run(answering: { _, number in .init(text: number < 2 ? before : after) }) {
            admin,
            fake in
            let wait = WaypointWait(namespace: "shop", names: ["a"], timeout: .seconds(9))
            let found = try await wait.run(admin, sleep: { _ in })
            #expect(found.map(\.name) == ["a"])
            #expect(fake.lines.count == 3)
        }
        try await FakeControlPlane.run(answering: { _, _ in .init(text: before) }) { admin, fake in
            let wait = WaypointWait(namespace: "shop", names: ["a", "z"], timeout: .seconds(3))
            let failure = await #expect(throws: CommandFailure.self) { try await wait.run(admin, sleep: { _ in }) }
            #expect(failure?.message == "not programmed after 3 s: z, shop/a")
            #expect(fake.lines.count == 4)
        }
    }

    @Test("delete tells who still refers to what is gone, and deletes nothing when a name is wrong")
    func delete() async throws {
        let namespace: JSONValue = [
            "kind": "Namespace", "metadata": ["name": "shop", "labels": ["istio.io/use-waypoint": "a"]],
        ]
        let answers: [String: JSONValue] = [
            "GET /v1/resources": ["items": .array(Self.waypoints + [namespace])],
            "DELETE /v1/resources/Gateway/shop/a": [:],
        ]
        let transcript = Transcript()
        try await FakeControlPlane.run(answers) { admin, fake in
            try await DeleteWaypoints(namespace: "shop", names: ["a"]).run(admin, console: transcript.console)
            #expect(fake.lines.filter { $0.hasPrefix("DELETE") } == ["DELETE /v1/resources/Gateway/shop/a"])
            let failure = await #expect(throws: CommandFailure.self) {
                try await DeleteWaypoints(namespace: "shop", names: ["b", "east"]).run(
                    admin,
                    console: transcript.console
                )
            }
            #expect(failure?.message == "namespace \"shop\" has no waypoint \"east\"")
            #expect(fake.lines.filter { $0.hasPrefix("DELETE") }.count == 1)
        }
        #expect(transcript.progress.contains("✓ waypoint shop/a deleted"))
        #expect(transcript.progress.contains("! Namespace/shop still refers to it"))
    }
}
