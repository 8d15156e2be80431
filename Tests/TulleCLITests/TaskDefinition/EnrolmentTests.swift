import AWSClient
import Testing
import TulleCLI

@Suite("Enrolling a task definition")
struct EnrolmentTests {
    @Test("writes the redirect, the ztunnel and the waiting, and leaves every other member as it was")
    func golden() throws {
        let outcome = try Fixtures.enrolment().apply(to: Fixtures.definition(Fixtures.shop))
        #expect(outcome.definition.document.text(.indented(2)) == Self.goldenAppMesh)
        #expect(outcome.appPorts == [8080, 9090])
        #expect(outcome.warnings == ["UDP stays outside the mesh: port 5353"])
    }

    @Test("gives containers the proxy environment in mode socks, but neither the log router nor what they set")
    func socks() throws {
        let outcome = try Fixtures.enrolment(.socks).apply(to: Fixtures.definition(Fixtures.shop))
        let containers = outcome.definition.containers
        #expect(
            Self.names(of: containers[0]) == [
                "COLOUR", "no_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY",
                "https_proxy", "NO_PROXY",
            ]
        )
        #expect(containers[1].json["environment"] == nil)
        #expect(Self.names(of: containers[2]).count == 8)
        #expect(containers[0].json["environment"]?[1]?["value"] == "10.0.0.0/8")
        #expect(containers[0].json["environment"]?[2]?["value"] == "socks5h://127.0.0.1:15080")
        #expect(outcome.definition.document["proxyConfiguration"] == nil)
        #expect(outcome.warnings.count == 2)
        #expect(outcome.warnings.contains("container \"app\" sets no_proxy itself; left as it is"))
    }

    @Test("changes nothing when it is applied to its own result", arguments: CaptureMode.allCases)
    func idempotent(_ capture: CaptureMode) throws {
        var enrolment = Fixtures.enrolment(capture)
        enrolment.service = .init(propagateTags: "NONE", managedTags: false)
        let once = try enrolment.apply(to: Fixtures.definition(Fixtures.shop))
        // The service's settings have changed by then; the record must keep the first ones.
        enrolment.service = .init(propagateTags: "SERVICE", managedTags: true)
        enrolment.image = nil
        let twice = try enrolment.apply(to: once.definition)
        #expect(twice.definition.document.text() == once.definition.document.text())
        let withdrawn = try Withdrawal.apply(to: twice.definition)
        #expect(withdrawn.service == .init(propagateTags: "NONE", managedTags: false))
    }

    @Test("replaces a ztunnel that somebody wrote by hand, and says so")
    func replacesHandWritten() throws {
        let byHand = try Fixtures.small([
            "containerDefinitions": [
                [
                    "name": "echo", "image": "example/echo:1",
                    "dependsOn": [["containerName": "ztunnel", "condition": "HEALTHY"]],
                ],
                ["name": "ztunnel", "image": "example/ztunnel:0", "user": "15301"],
            ],
            "proxyConfiguration": ["type": "APPMESH", "containerName": "ztunnel", "properties": []],
        ])
        let outcome = try Fixtures.enrolment().apply(to: byHand)
        let fresh = try Fixtures.enrolment().apply(to: Fixtures.small())
        #expect(outcome.definition.containers == fresh.definition.containers)
        #expect(outcome.warnings.first?.contains("is replaced") == true)
    }

    @Test("captures at most 15 app ports, the lowest unless they are chosen, and names the ones that are left out")
    func portLimit() throws {
        let mappings = (1...17).map { JSONValue.object(["containerPort": .int(8000 + $0)]) }
        let definition = try Fixtures.small(container: ["portMappings": .array(mappings)])
        let outcome = try Fixtures.enrolment().apply(to: definition)
        #expect(outcome.appPorts == Array(8001...8015))
        #expect(outcome.warnings.first?.contains("8016,8017") == true)

        var chosen = Fixtures.enrolment()
        chosen.appPorts = [8017, 8001, 8017]
        #expect(try chosen.apply(to: definition).appPorts == [8017, 8001])
    }

    @Test("puts a reserved port into AppPorts when no container has one, because ECS insists")
    func noPorts() throws {
        var enrolment = Fixtures.enrolment()
        enrolment.egressIgnoredPorts = [443, 22]
        let outcome = try enrolment.apply(to: Fixtures.small())
        let properties = outcome.definition.document["proxyConfiguration"]?["properties"]?.array ?? []
        #expect(properties.contains(["name": "AppPorts", "value": "15399"]))
        #expect(properties.contains(["name": "EgressIgnoredPorts", "value": "443,22"]))
        #expect(outcome.appPorts.isEmpty)
    }

    @Test("writes port ranges out")
    func portRange() throws {
        let definition = try Fixtures.small(container: [
            "portMappings": [["containerPortRange": "8000-8003"], ["containerPortRange": "9-1"], ["containerPort": 0]]
        ])
        #expect(try Fixtures.enrolment().apply(to: definition).appPorts == [8000, 8001, 8002, 8003])
    }

    @Test("never logs through FireLens, whose router waits for ztunnel")
    func fireLens() throws {
        let definition = try Fixtures.small(container: [
            "logConfiguration": ["logDriver": "awsfirelens", "options": ["awslogs-group": "x"]]
        ])
        let outcome = try Fixtures.enrolment().apply(to: definition)
        #expect(outcome.definition.containers.last?.json["logConfiguration"] == nil)
        #expect(outcome.warnings.contains { $0.contains("awslogs") })
    }

    @Test("reserves memory of its own only where the task as a whole has none")
    func memory() throws {
        let without = try Fixtures.enrolment().apply(to: Fixtures.small())
        #expect(without.definition.containers.last?.json["memoryReservation"] == 32)
        let with = try Fixtures.enrolment().apply(to: Fixtures.small(["memory": "512"]))
        #expect(with.definition.containers.last?.json["memoryReservation"] == nil)
    }

    static let refusals: [(EnrolmentRefusal.Code, JSONObject, JSONObject)] = [
        (.networkModeUnsupported, ["networkMode": "bridge"], [:]),
        (.networkModeUnsupported, ["networkMode": .null], [:]),
        (.platformUnsupported, ["runtimePlatform": ["operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"]], [:]),
        (.taskRoleMissing, ["taskRoleArn": ""], [:]),
        (.foreignProxy, ["proxyConfiguration": ["type": "APPMESH", "containerName": "envoy"]], [:]),
        (.userReserved, [:], ["user": "15301"]),
        (.userReserved, [:], ["user": "15301:100"]),
        (.portReserved, [:], ["portMappings": [["containerPort": 15008]]]),
        (.portReserved, [:], ["portMappings": [["containerPortRange": "15000-15010"]]]),
        (.dependencyCycle, [:], ["dependsOn": [["containerName": "echo", "condition": "START"]]]),
    ]

    @Test("refuses what cannot work", arguments: refusals)
    func refuses(_ code: EnrolmentRefusal.Code, _ members: JSONObject, _ container: JSONObject) throws {
        let definition = try Fixtures.small(members, container: container)
        let error = #expect(throws: EnrolmentRefusal.self) { try Fixtures.enrolment().apply(to: definition) }
        #expect(error?.code == code)
        #expect(error?.hint.isEmpty == false)
    }

    @Test("refuses to guess an image")
    func noImage() throws {
        let error = #expect(throws: EnrolmentRefusal.self) {
            try Enrolment(token: "t").apply(to: Fixtures.small())
        }
        #expect(error?.code == .imageMissing)
    }

    private static func names(of container: Container) -> [String] {
        container.json["environment"]?.array?.compactMap { $0["name"]?.string } ?? []
    }
}
