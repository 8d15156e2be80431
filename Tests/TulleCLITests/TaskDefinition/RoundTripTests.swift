import AWSClient
import Testing
import TulleCLI

@Suite("Generated task definitions come back byte for byte")
struct RoundTripTests {
    /// How ECS answers for what was registered: with members of its own, and tags beside the definition.
    private static func described(_ registered: JSONValue) throws -> String {
        var definition = try #require(registered.object)
        let tags = definition["tags"] ?? []
        definition["tags"] = nil
        definition["revision"] = 8
        definition["status"] = "ACTIVE"
        return JSONValue.object(["taskDefinition": .object(definition), "tags": tags]).text()
    }

    private static func same(_ text: String?, _ expected: String, _ seed: UInt64, _ input: String) {
        // Bytes: strings that differ in them may be equal in Swift.
        let isSame = text.map { $0.utf8.elementsEqual(expected.utf8) } ?? false
        #expect(isSame, "seed \(seed)\nof \(input)\nexpected \(expected)\nis       \(text ?? "none")")
    }

    @Test("through add-service, once or twice and in either mode, and remove-service", arguments: UInt64(0)..<8)
    func throughECS(_ part: UInt64) async throws {
        for seed in part * 50..<(part + 1) * 50 {
            let generated = GeneratedDefinition(seed: seed, isFile: false)
            var answer = generated.input
            let modes: [CaptureMode] = seed % 3 == 0 ? [.socks, .appmesh] : seed % 3 == 1 ? [.appmesh] : [.socks]
            for mode in modes {
                let ecs = FakeECS.shop(definition: answer)
                let command = AddService(
                    service: "web",
                    cluster: "c1",
                    namespace: try #require(MeshName("shop")),
                    serviceAccount: try #require(MeshName("web")),
                    enrolment: Fixtures.enrolment(mode)
                )
                try await command.run(ecs, console: Transcript().console)
                let registered = try #require(ecs.input("RegisterTaskDefinition"))
                #expect(registered["containerDefinitions"]?.array?.last?["name"] == "ztunnel")
                answer = try Self.described(registered)
            }
            let ecs = FakeECS.shop(
                service: ["taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:8"],
                definition: answer
            )
            try await RemoveService(service: "web", cluster: "c1").run(ecs, console: Transcript().console)
            Self.same(ecs.input("RegisterTaskDefinition")?.text(), generated.expected, seed, generated.input)
        }
    }

    @Test("through add-task-definition, once or twice, and remove-task-definition", arguments: CaptureMode.allCases)
    func withoutAService(_ mode: CaptureMode) async throws {
        let (namespace, account) = (try #require(MeshName("jobs")), try #require(MeshName("nightly")))
        let (family, console) = (TaskFamily("web"), Transcript().console)
        for seed in UInt64(2_000)..<2_100 {
            let generated = GeneratedDefinition(seed: seed, isFile: false)
            var answer = generated.input
            for _ in 0..<1 + seed % 2 {
                let ecs = FakeECS.shop(definition: answer)
                let plan = try await family.planAdding(
                    Fixtures.enrolment(mode),
                    namespace: namespace,
                    serviceAccount: account,
                    ecs,
                    console: console
                )
                try await family.register(plan, ecs, console: console)
                let registered = try #require(ecs.input("RegisterTaskDefinition"))
                #expect(registered["tags"]?.array?.suffix(3).first == ["key": "tulle/namespace", "value": "jobs"])
                answer = try Self.described(registered)
            }
            let ecs = FakeECS.shop(definition: answer)
            let plan = try await family.planRemoving(ecs, console: console)
            try await family.register(plan, ecs, console: console)
            Self.same(ecs.input("RegisterTaskDefinition")?.text(), generated.expected, seed, generated.input)
        }
    }

    @Test("tags that the definition had are put back")
    func tagsBefore() async throws {
        let before = try Fixtures.small([
            "tags": [["key": "tulle/namespace", "value": "old"], ["key": "k", "value": "v"]]
        ])
        var enrolment = Fixtures.enrolment()
        enrolment.tags = [("tulle/namespace", "new"), ("tulle/service-account", "a")]
        let enrolled = try enrolment.apply(to: before).definition
        #expect(enrolled.document["tags"]?[0] == ["key": "tulle/namespace", "value": "new"])
        #expect(try Withdrawal.apply(to: enrolled).definition == before)
    }

    @Test("through files that are rendered", arguments: CaptureMode.allCases)
    func throughFiles(_ mode: CaptureMode) throws {
        for seed in UInt64(1_000)..<1_200 {
            let generated = GeneratedDefinition(seed: seed, isFile: true)
            let enrolled = try Fixtures.enrolment(mode).apply(to: Fixtures.definition(generated.input)).definition
            let written = enrolled.document.text(.indented(2))
            let restored = try Withdrawal.apply(to: Fixtures.definition(written)).definition.document.text()
            Self.same(restored, generated.expected, seed, generated.input)
        }
    }

    @Test("the generator makes what matters")
    func generator() {
        let inputs = (UInt64(0)..<400).map { GeneratedDefinition(seed: $0, isFile: false).input }
        for needed in [
            "\"dependsOn\"", "null", "[]", "1e3", "-0", "123456789012345678901234567890", "\\u00e9", "\u{1f680}",
            "firelensConfiguration", "ALL_PROXY",
        ] {
            #expect(inputs.contains { $0.contains(needed) }, "\(needed)")
        }
    }

    @Test(
        "a value that is neither list nor null is refused, and not overwritten",
        arguments: ["dependsOn", "environment"]
    )
    func notAList(_ member: String) throws {
        let definition = try Fixtures.small(container: [member: "text"])
        let error = #expect(throws: EnrolmentRefusal.self) { try Fixtures.enrolment(.socks).apply(to: definition) }
        #expect(error?.code == .definitionMalformed)
    }
}
