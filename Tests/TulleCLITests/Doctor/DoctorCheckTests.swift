import AWSClient
import Testing

@testable import TulleCLI

@Suite("The checks of tulle doctor: definition and role")
struct DoctorCheckTests {
    private typealias Make = DoctorFixtures

    @Test("a sound service has no problem, and everything is checked")
    func sound() throws {
        let report = DoctorReport(try Make.facts())
        #expect(report.count(.error) == 0 && report.count(.warning) == 0)
        #expect(report.verdicts.filter(\.verdict.isNotChecked).isEmpty)
        #expect(report.verdicts.filter(\.verdict.isNotApplicable).map(\.check) == [.exec])
        #expect(DoctorCheck.allCases.map(\.rawValue) == (1...20).map { $0 < 10 ? "D0\($0)" : "D\($0)" })
    }

    @Test("D01: network mode")
    func networkMode() throws {
        #expect(
            try Make.verdict(.networkMode) { $0.definition = try Make.definition(["networkMode": "bridge"]) }
                .isError("bridge")
        )
    }

    @Test("D02: platform version, and the capability of container instances")
    func platform() throws {
        #expect(try Make.verdict(.platform) { $0.tasks = .known([["platformVersion": "1.2.0"]]) }.isError("1.2.0"))
        #expect(try Make.verdict(.platform) { $0.tasks = .known([["platformVersion": "1.3.0"]]) }.isFine)
        func ec2(_ attribute: String) throws -> DoctorCheck.Verdict {
            try Make.verdict(.platform) {
                $0.service["launchType"] = "EC2"
                $0.instances = .known([["ec2InstanceId": "i-1", "attributes": [["name": .string(attribute)]]]])
            }
        }
        #expect(try ec2("ecs.capability.aws-appmesh").isFine)
        #expect(try ec2("ecs.capability.task-eni").isError("i-1"))
        #expect(
            try Make.verdict(.platform) {
                $0.service["launchType"] = "EC2"
                $0.instances = .unknown("AccessDenied")
            } == .notChecked("AccessDenied")
        )
        #expect(try Make.verdict(.platform, Make.socks).isNotApplicable)
    }

    @Test("D03: the redirect")
    func redirect() throws {
        #expect(try Make.verdict(.redirect) { $0.definition = try Fixtures.small() }.isError("no ztunnel container"))
        #expect(
            try Make.verdict(.redirect) { $0.definition = try Make.definition(["proxyConfiguration": nil]) }
                .isError("no proxyConfiguration")
        )
        #expect(
            try Make.verdict(.redirect) {
                $0.definition = try Make.definition(["proxyConfiguration": ["containerName": "envoy"]])
            }.isError("envoy")
        )
        #expect(
            try Make.verdict(.redirect) { $0.definition = try Make.proxy("IgnoredUID", "1337") }
                .isError("IgnoredUID is 1337 and must be 15301")
        )
        #expect(
            try Make.verdict(.redirect) { $0.definition = try Make.proxy("ProxyEgressPort", nil) }
                .isError("ProxyEgressPort is missing")
        )
        #expect(
            try Make.verdict(.redirect) { $0.definition = try Make.proxy("EgressIgnoredIPs", "169.254.170.2") }
                .isError("lacks 169.254.169.254")
        )
        #expect(try Make.verdict(.redirect, Make.socks).isNotApplicable)
    }

    @Test("D04: app ports")
    func appPorts() throws {
        let many = (1...16).map(String.init).joined(separator: ",")
        #expect(try Make.verdict(.appPorts) { $0.definition = try Make.proxy("AppPorts", many) }.isError("16 ports"))
        #expect(try Make.verdict(.appPorts) { $0.definition = try Make.proxy("AppPorts", "9090") }.isWarning("8080"))
        #expect(try Make.verdict(.appPorts, Make.socks).isNotApplicable)
    }

    @Test("D05: ztunnel's user", arguments: ["15301", "15301:0", "1000:15301"])
    func userClash(_ user: String) throws {
        func definition(_ user: String) throws -> TaskDefinition {
            var containers = try Make.definition()["containerDefinitions"]?.array ?? []
            containers[0]["user"] = .string(user)
            return try Make.definition(["containerDefinitions": .array(containers)])
        }
        #expect(try Make.verdict(.userClash) { $0.definition = try definition(user) }.isError("\"echo\""))
        #expect(try Make.verdict(.userClash) { $0.definition = try definition("1000") } == .fine("all users differ"))
    }

    @Test("D06: who waits for ztunnel", arguments: [nil, "START"])
    func startOrder(_ condition: String?) throws {
        let verdict = try Make.verdict(.startOrder) { facts in
            var containers = facts.definition["containerDefinitions"]?.array ?? []
            containers[0]["dependsOn"] = condition.map {
                [["containerName": "ztunnel", "condition": .string($0)]]
            }
            facts.definition = try Make.definition(["containerDefinitions": .array(containers)])
        }
        #expect(verdict.isError("\"echo\""))
    }

    @Test("D07: task role and its trust policy")
    func taskRole() throws {
        #expect(
            try Make.verdict(.taskRole) { $0.definition = try Make.definition(["taskRoleArn": nil]) }
                .isError("no taskRoleArn")
        )
        func trust(_ principal: JSONValue, effect: JSONValue = "Allow") throws -> DoctorCheck.Verdict {
            try Make.verdict(.taskRole) {
                $0.trustPolicy = .known(["Statement": ["Effect": effect, "Principal": principal]])
            }
        }
        #expect(try trust(["Service": ["ecs-tasks.amazonaws.com"]]).isFine)
        #expect(
            try trust(["Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]]).isWarning("ec2.amazonaws.com")
        )
        #expect(try trust(["Service": "ecs-tasks.amazonaws.com", "AWS": "*"]).isWarning("*"))
        #expect(try trust("*").isError("does not let"))
        #expect(try trust(["Service": "ecs-tasks.amazonaws.com"], effect: "Deny").isError("does not let"))
        #expect(try Make.verdict(.taskRole) { $0.trustPolicy = .unknown("denied") } == .notChecked("denied"))
    }

    @Test("D08: the role's binding")
    func binding() throws {
        func bound(_ accounts: [(String, String)]) throws -> DoctorCheck.Verdict {
            try Make.verdict(.binding) {
                $0.bindings = .known(
                    accounts.map { namespace, account in
                        [
                            "role": .string(Make.role), "namespace": .string(namespace),
                            "serviceAccount": .string(account),
                        ]
                    }
                )
            }
        }
        #expect(try bound([("shop", "web")]).isFine)
        #expect(try bound([]).isError("no ServiceAccountBinding"))
        #expect(try bound([("shop", "web"), ("shop", "api")]).isError("shop/api and shop/web"))
        #expect(try bound([("shop", "api")]).isError("tagged as shop/web"))
        #expect(try Make.verdict(.binding) { $0.bindings = .unknown("no answer") } == .notChecked("no answer"))
        guard case .problem(_, _, let mend) = try bound([]) else { return }
        #expect(mend == "tulle ecs bind-role \(Make.role) shop/web")
    }
}
