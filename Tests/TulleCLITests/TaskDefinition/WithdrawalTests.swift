import AWSClient
import Testing
import TulleCLI

@Suite("Withdrawing from a task definition")
struct WithdrawalTests {
    static let originals = [
        Fixtures.shop,
        Fixtures.small,
        // Lists that are there and empty must come back as they were.
        """
        {"family": "a", "networkMode": "awsvpc", "taskRoleArn": "r", "containerDefinitions": [
          {"name": "x", "image": "i", "environment": [], "dependsOn": [], "dockerLabels": {"k": "v"}},
          {"name": "y", "image": "i", "dependsOn": [{"containerName": "x", "condition": "START"}]}]}
        """,
        // A member after the list that grows, and every proxy variable set by the app itself.
        """
        {"containerDefinitions": [{"environment": [
          {"name": "ALL_PROXY", "value": "a"}, {"name": "all_proxy", "value": "a"},
          {"name": "HTTP_PROXY", "value": "a"}, {"name": "http_proxy", "value": "a"},
          {"name": "HTTPS_PROXY", "value": "a"}, {"name": "https_proxy", "value": "a"},
          {"name": "NO_PROXY", "value": "a"}, {"name": "no_proxy", "value": "a"}], "name": "x"}],
          "taskRoleArn": "r", "networkMode": "awsvpc", "family": "a", "tags": [{"key": "k", "value": "v"}]}
        """,
    ]

    @Test("restores the definition byte for byte", arguments: originals, CaptureMode.allCases)
    func inverse(_ original: String, _ capture: CaptureMode) throws {
        let before = try Fixtures.definition(original)
        let enrolled = try Fixtures.enrolment(capture).apply(to: before)
        #expect(enrolled.definition != before)
        // As ECS would hand it back after registering.
        let described = try TaskDefinition(JSONValue(parsing: enrolled.definition.document.text()))
        let restored = try Withdrawal.apply(to: described)
        #expect(restored.definition.document.text() == before.document.text())
        #expect(restored.hadRecord)
    }

    @Test("keeps what was edited after enrolling, and takes new waiting out too")
    func keepsLaterEdits() throws {
        var enrolled = try Fixtures.enrolment(.socks).apply(to: Fixtures.small()).definition
        enrolled.containers[0].json["image"] = "example/echo:2"
        enrolled.containers[0].json["environment"] = .array(
            (enrolled.containers[0].json["environment"]?.array ?? []) + [["name": "NEW", "value": "1"]]
        )
        let restored = try Withdrawal.apply(to: enrolled).definition
        #expect(
            restored.containers[0].json == [
                "name": "echo", "image": "example/echo:2", "environment": [["name": "NEW", "value": "1"]],
            ]
        )
    }

    @Test("takes a hand-written ztunnel out as well, and says that there was no record")
    func handWritten() throws {
        let byHand = try Fixtures.small([
            "containerDefinitions": [
                [
                    "name": "echo", "image": "example/echo:1",
                    "dependsOn": [["containerName": "ztunnel", "condition": "HEALTHY"]],
                ],
                ["name": "ztunnel", "image": "example/ztunnel:0"],
            ],
            "proxyConfiguration": ["type": "APPMESH", "containerName": "ztunnel"],
        ])
        let outcome = try Withdrawal.apply(to: byHand)
        #expect(!outcome.hadRecord)
        #expect(outcome.definition == (try Fixtures.small()))
    }

    @Test("refuses when there is no ztunnel")
    func notEnrolled() throws {
        let error = #expect(throws: EnrolmentRefusal.self) { try Withdrawal.apply(to: Fixtures.small()) }
        #expect(error?.code == .notEnrolled)
    }

    @Test("refuses to leave a task without a container")
    func onlyZTunnel() throws {
        let definition = try Fixtures.small(["containerDefinitions": [["name": "ztunnel", "image": "i"]]])
        let error = #expect(throws: EnrolmentRefusal.self) { try Withdrawal.apply(to: definition) }
        #expect(error?.code == .definitionMalformed)
    }

    @Test(
        "treats a damaged record as none",
        arguments: [
            "", "{}", "[]", #"{"version":2}"#, #"{"version":1,"service":{"propagateTags":"ALL"}}"#,
        ]
    )
    func damagedRecord(_ label: String) throws {
        var enrolled = try Fixtures.enrolment().apply(to: Fixtures.small()).definition
        enrolled.containers[1].json["dockerLabels"] = ["tulle/restore": .string(label)]
        let outcome = try Withdrawal.apply(to: enrolled)
        #expect(!outcome.hadRecord)
        #expect(outcome.definition == (try Fixtures.small()))
    }
}
