import AWSClient
import Testing
import TulleCLI

@Suite("tulle ecs add-service")
struct AddServiceTests {
    private func command(_ capture: CaptureMode = .appmesh) throws -> AddService {
        AddService(
            service: "web",
            cluster: "c1",
            namespace: try #require(MeshName("shop")),
            serviceAccount: try #require(MeshName("web")),
            enrolment: Fixtures.enrolment(capture)
        )
    }

    @Test("registers, tags, then rolls out: tasks inherit tags only when they start")
    func order() async throws {
        let ecs = FakeECS.shop()
        let transcript = Transcript()
        try await self.command().run(ecs, console: transcript.console)
        #expect(
            ecs.actions == [
                "DescribeServices", "DescribeTaskDefinition", "RegisterTaskDefinition", "TagResource", "UpdateService",
            ]
        )
        #expect(ecs.input("DescribeTaskDefinition")?["include"] == ["TAGS"])
        #expect(
            ecs.input("TagResource")?["tags"] == [
                ["key": "tulle/namespace", "value": "shop"],
                ["key": "tulle/service-account", "value": "web"],
                ["key": "tulle/mode", "value": "appmesh"],
            ]
        )
        #expect(
            ecs.input("UpdateService") == [
                "cluster": "c1",
                "service": "arn:aws:ecs:us-east-1:111122223333:service/c1/web",
                "taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:8",
                "propagateTags": "SERVICE",
                "enableECSManagedTags": true,
                "forceNewDeployment": true,
            ]
        )
        #expect(
            transcript.progress == """
                • found service web on task definition web:7
                ! UDP stays outside the mesh: port 5353
                • created task definition web:8
                  • ztunnel runs example/ztunnel:1 as user 15301
                  • capture appmesh: ECS redirects TCP; app ports 8080, 9090
                  • wait for ztunnel to be healthy: app, router, helper
                • tagged the service as shop/web
                ✓ enrolled service "web" (arn:aws:ecs:us-east-1:111122223333:service/c1/web); ECS now replaces its tasks

                """
        )
        #expect(transcript.output.isEmpty)
    }

    @Test("what it registers can be taken back, service settings included")
    func roundTrip() async throws {
        let ecs = FakeECS.shop()
        try await self.command(.socks).run(ecs, console: Transcript().console)
        let registered = try #require(ecs.input("RegisterTaskDefinition")).text()

        let enrolled = FakeECS.shop(
            service: [
                "propagateTags": "SERVICE", "enableECSManagedTags": true,
                "taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:8",
            ],
            definition: registered
        )
        try await RemoveService(service: "web", cluster: "c1").run(enrolled, console: Transcript().console)
        #expect(
            enrolled.actions == [
                "DescribeServices", "DescribeTaskDefinition", "RegisterTaskDefinition", "UpdateService",
                "DescribeServices", "UntagResource",
            ]
        )
        let restored = try #require(enrolled.input("RegisterTaskDefinition"))
        #expect(restored.text() == (try Fixtures.definition(Fixtures.shop)).document.text())
        #expect(enrolled.input("UpdateService")?["propagateTags"] == "NONE")
        #expect(enrolled.input("UpdateService")?["enableECSManagedTags"] == false)
        #expect(
            enrolled.input("UntagResource")?["tagKeys"] == ["tulle/namespace", "tulle/service-account", "tulle/mode"]
        )
    }

    @Test("a plan writes nothing")
    func planOnly() async throws {
        let ecs = FakeECS.shop()
        let plan = try await self.command().plan(ecs, console: Transcript().console)
        #expect(ecs.actions == ["DescribeServices", "DescribeTaskDefinition"])
        #expect(plan.before.containers.count == 3)
        #expect(plan.outcome.definition.containers.count == 4)
    }

    @Test(
        "services that cannot be rolled out are refused before anything is written",
        arguments: [
            (.serviceNotActive, ["status": "DRAINING"]),
            (.deploymentControllerUnsupported, ["deploymentController": ["type": "CODE_DEPLOY"]]),
            (.launchTypeUnsupported, ["launchType": "EXTERNAL"]),
        ] as [(EnrolmentRefusal.Code, JSONObject)]
    )
    func refuses(_ code: EnrolmentRefusal.Code, _ members: JSONObject) async throws {
        let ecs = FakeECS.shop(service: members)
        let error = await #expect(throws: EnrolmentRefusal.self) {
            try await self.command().run(ecs, console: Transcript().console)
        }
        #expect(error?.code == code)
        #expect(ecs.actions == ["DescribeServices"])
    }

    @Test("a service that is not there is named, with where to look")
    func missing() async throws {
        let ecs = FakeECS([
            "DescribeServices": { _ in ["services": [], "failures": [["arn": "web", "reason": "MISSING"]]] }
        ])
        let error = await #expect(throws: CommandFailure.self) {
            try await self.command().run(ecs, console: Transcript().console)
        }
        #expect(error?.message == "no service \"web\" in cluster \"c1\" (MISSING)")
        #expect(error?.hint?.contains("list-services --cluster c1") == true)
    }

    @Test("when the roll-out fails it says what the service still runs, and which permission is missing")
    func updateFails() async throws {
        let ecs = FakeECS.shop(answers: [
            "UpdateService": { _ in
                throw AWSError(
                    service: "ecs",
                    action: "UpdateService",
                    code: "AccessDeniedException",
                    message: "no",
                    kind: .accessDenied
                )
            }
        ])
        let error = await #expect(throws: CommandFailure.self) {
            try await self.command().run(ecs, console: Transcript().console)
        }
        #expect(error?.message.hasSuffix("the service still runs web:7") == true)
        #expect(error?.hint == "the caller needs the permission ecs:UpdateService")
    }

    @Test("an answer without an ARN is no success")
    func noARN() async throws {
        let ecs = FakeECS.shop(answers: ["RegisterTaskDefinition": { _ in [:] }])
        await #expect(throws: CommandFailure.self) {
            try await self.command().run(ecs, console: Transcript().console)
        }
        #expect(!ecs.actions.contains("UpdateService"))
    }
}
