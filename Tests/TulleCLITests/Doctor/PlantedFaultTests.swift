import AWSClient
import Testing

@testable import TulleCLI

/// Twenty mistakes, each planted in what AWS or the control plane answers: each is found by its own check, by no other,
/// and with how to mend it.
@Suite("tulle doctor finds what is planted")
struct PlantedFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var check: DoctorCheck
        /// Part of what the finding says.
        var says: String
        /// Part of how it is mended.
        var mend: String
        var plant: @Sendable (inout DoctorAccount) throws -> Void

        var testDescription: String { "\(self.check.rawValue): \(self.says)" }
    }

    /// Changes the container of this name in the definition.
    private static func change(_ account: inout DoctorAccount, _ name: String, _ edit: (inout JSONValue) -> Void) {
        let containers = (account.definition["containerDefinitions"]?.array ?? []).map { container in
            var container = container
            if container["name"]?.string == name { edit(&container) }
            return container
        }
        account.definition["containerDefinitions"] = .array(containers)
    }

    private static func record(_ code: String, _ hint: String) -> JSONValue {
        [
            "outcome": "refused", "attestor": "ecs_task", "peer": "ipv4:10.0.0.7:40002", "code": .string(code),
            "hint": .string(hint),
        ]
    }

    static let faults: [Fault] = [
        Fault(check: .networkMode, says: "\"bridge\"", mend: "set networkMode to awsvpc") {
            $0.definition["networkMode"] = "bridge"
        },
        Fault(check: .platform, says: "1.2.0 does not redirect", mend: "platform version LATEST") {
            $0.task["platformVersion"] = "1.2.0"
        },
        Fault(check: .redirect, says: "IgnoredUID is 1337", mend: "run 'tulle ecs add-service web' again") {
            $0.definition = try DoctorFixtures.proxy("IgnoredUID", "1337").document
        },
        Fault(check: .appPorts, says: "16 ports", mend: "--container-port") {
            let ports = (8_065...8_080).map(String.init).joined(separator: ",")
            $0.definition = try DoctorFixtures.proxy("AppPorts", ports).document
        },
        Fault(check: .userClash, says: "\"echo\" runs as 15301", mend: "another user and group") { account in
            Self.change(&account, "echo") { $0["user"] = "0:15301" }
        },
        Fault(check: .startOrder, says: "\"echo\" does not wait", mend: "add dependsOn") { account in
            Self.change(&account, "echo") { $0["dependsOn"] = [["containerName": "ztunnel", "condition": "START"]] }
        },
        Fault(check: .taskRole, says: "111122223333:root too", mend: "name ecs-tasks.amazonaws.com alone") { account in
            let principal: JSONValue = ["Service": "ecs-tasks.amazonaws.com", "AWS": "arn:aws:iam::111122223333:root"]
            account.trust["Statement"] = [["Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"]]
        },
        Fault(check: .binding, says: "shop/other and shop/web", mend: "a role of its own") {
            $0.bindings.append(
                ["role": .string(DoctorFixtures.role), "namespace": "shop", "serviceAccount": "other"]
            )
        },
        Fault(check: .tagPropagation, says: "propagateTags is NONE", mend: "--propagate-tags SERVICE") {
            $0.service["propagateTags"] = "NONE"
        },
        Fault(check: .securityGroups, says: "nobody may connect to port 15008", mend: "allow TCP 15008") {
            $0.inbound = 8_080...8_080
        },
        Fault(check: .dualStack, says: "subnet-1 has IPv6", mend: "close IPv6 in the security group") {
            $0.hasIPv6 = true
        },
        Fault(check: .privateZone, says: "enableDnsHostnames off", mend: "aws ec2 modify-vpc-attribute --vpc-id vpc-1")
        {
            $0.namesHosts = false
        },
        Fault(check: .tokenService, says: "STS gave no verdict", mend: "com.amazonaws.REGION.sts") {
            $0.journal.insert(Self.record("sts_unavailable", "STS gave no verdict (timed out), try again"), at: 0)
        },
        Fault(check: .clock, says: "signed 400 s ago", mend: "ClockDrift") {
            $0.journal.insert(Self.record("attestation_expired", "signed 400 s ago: check the clock"), at: 0)
        },
        Fault(check: .healthCheck, says: "no healthCheck", mend: "run 'tulle ecs add-service web' again") { account in
            Self.change(&account, "ztunnel") { $0["healthCheck"] = nil }
        },
        Fault(check: .stopTimeout, says: "stopTimeout is 2 s", mend: "raise stopTimeout above 5") { account in
            Self.change(&account, "ztunnel") { $0["stopTimeout"] = 2 }
        },
        Fault(check: .staleRevision, says: "1 of 1 tasks run another revision", mend: "wait for the deployment") {
            $0.task["taskDefinitionArn"] = "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7"
        },
        Fault(check: .staleTags, says: "1 of 1 tasks carry other tags", mend: "--force-new-deployment") {
            $0.task["tags"] = [["key": "tulle/namespace", "value": "before"]]
        },
        Fault(check: .exec, says: "1 of 1 ECS Exec agents do not run", mend: "--egress-ignore-ports 443") { account in
            account.service["enableExecuteCommand"] = true
            let agents: JSONValue = [["name": "ExecuteCommandAgent", "lastStatus": "STOPPED"]]
            let interfaces = account.task["containers"]?[0]?["networkInterfaces"] ?? []
            account.task["containers"] = [["name": "web", "networkInterfaces": interfaces, "managedAgents": agents]]
        },
        Fault(check: .throttling, says: "of what AWS sustains", mend: "turn on the event queue") {
            $0.runningTasks = 20_000
        },
    ]

    @Test("each by its own check, and by no other", arguments: faults)
    func found(_ fault: Fault) async throws {
        var account = try DoctorAccount()
        try fault.plant(&account)
        let problems = DoctorReport(try await account.facts()).verdicts.compactMap { check, verdict in
            if case .problem(_, let text, let mend) = verdict { (check, text, mend) } else { nil }
        }
        #expect(problems.map(\.0) == [fault.check])
        #expect(problems.first?.1.contains(fault.says) == true, "\(problems)")
        #expect(problems.first?.2.contains(fault.mend) == true, "\(problems)")
    }

    @Test("there is a fault for every check")
    func complete() {
        #expect(Self.faults.map(\.check) == DoctorCheck.allCases)
    }

    @Test("nothing is found where nothing is wrong")
    func clean() async throws {
        let report = DoctorReport(try await DoctorAccount().facts())
        #expect(report.count(.error) == 0 && report.count(.warning) == 0)
        #expect(report.verdicts.filter(\.verdict.isNotChecked).isEmpty)
        #expect(report.verdicts.filter(\.verdict.isNotApplicable).map(\.check) == [.exec])
    }
}
