import AWSClient
import Testing
import TulleCLI

@Suite("tulle ecs list-services")
struct ListServicesTests {
    /// Twelve services on two pages of names, so that both kinds of paging are walked.
    private static func cluster() -> FakeECS {
        FakeECS([
            "ListServices": { input in
                let page = (input["nextToken"]?.string).flatMap(Int.init) ?? 0
                let arns = (page * 7..<min(page * 7 + 7, 12)).map { JSONValue.string("arn:service/c1/s\($0)") }
                return page == 0
                    ? ["serviceArns": .array(arns), "nextToken": "1"] : ["serviceArns": .array(arns)]
            },
            "DescribeServices": { input in
                let names = input["services"]?.strings ?? []
                #expect(names.count <= 10)
                return ["services": .array(names.map(Self.service))]
            },
        ])
    }

    @Sendable
    private static func service(_ arn: String) -> JSONValue {
        let name = arn.split(separator: "/").last.map(String.init) ?? ""
        var json: JSONValue = [
            "serviceArn": .string(arn), "serviceName": .string(name), "status": "ACTIVE",
            "taskDefinition": .string("arn:task-definition/\(name):3"), "desiredCount": 2, "runningCount": 1,
        ]
        switch name {
        case "s1":
            json["tags"] = [
                ["key": "tulle/namespace", "value": "shop"], ["key": "tulle/service-account", "value": "web"],
                ["key": "tulle/mode", "value": "socks"],
            ]
        case "s2": json["tags"] = [["key": "ecs.solo.io/namespace", "value": "old"]]
        case "s3": json["status"] = "INACTIVE"
        default: break
        }
        return json
    }

    @Test("shows every service of every page, enrolled or not, in columns")
    func table() async throws {
        let text = try await ListServices(cluster: "c1").run(Self.cluster(), output: .table)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 12)
        #expect(lines[0] == "SERVICE  NAMESPACE  ACCOUNT  MODE   TASK DEFINITION  RUNNING")
        #expect(lines.contains("s1       shop       web      socks  s1:3             1/2"))
        #expect(lines.contains("s2       old        -        -      s2:3             1/2"))
        #expect(!text.contains("s3"))
    }

    @Test("writes JSON with null for what is not known")
    func json() async throws {
        let text = try await ListServices(cluster: "c1").run(Self.cluster(), output: .json)
        let services = try #require(try JSONValue(parsing: text).array)
        #expect(services.count == 11)
        #expect(
            services.first { $0["service"] == "s1" } == [
                "service": "s1", "arn": "arn:service/c1/s1", "namespace": "shop", "serviceAccount": "web",
                "mode": "socks", "taskDefinition": "s1:3", "running": 1, "desired": 2,
            ]
        )
        #expect(services[0]["mode"]?.isNull == true)
    }

    @Test("an endless list of pages ends")
    func endless() async throws {
        let ecs = FakeECS(["ListServices": { _ in ["serviceArns": [], "nextToken": "again"] }])
        let text = try await ListServices(cluster: "c1").run(ecs, output: .json)
        #expect(text == "[]")
    }
}
