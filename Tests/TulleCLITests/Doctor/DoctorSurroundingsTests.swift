import AWSClient
import Testing

@testable import TulleCLI

@Suite("The checks of tulle doctor: service, tasks and network")
struct DoctorSurroundingsTests {
    private typealias Make = DoctorFixtures

    @Test("D09: tags go to tasks")
    func tagPropagation() throws {
        #expect(try Make.verdict(.tagPropagation) { $0.service["propagateTags"] = nil }.isError("NONE"))
        #expect(
            try Make.verdict(.tagPropagation) { $0.service["enableECSManagedTags"] = false }
                .isError("enableECSManagedTags is off")
        )
    }

    @Test("D10: security groups, with the control plane's own port")
    func securityGroups() throws {
        func groups(_ change: (inout DoctorFacts.SecurityGroup) -> Void) throws -> DoctorCheck.Verdict {
            var group = Make.group
            change(&group)
            return try Make.verdict(.securityGroups) { $0.securityGroups = .known([group]) }
        }
        #expect(try groups { $0.inbound = [] }.isError("nobody may connect to port 15008"))
        #expect(try groups { $0.inbound[0].ports = 15009...15010 }.isError("nobody may connect to port 15008"))
        #expect(try groups { $0.inbound[0].transport = "udp" }.isError("nobody may connect to port 15008"))
        #expect(try groups { $0.inbound[0].peers = 0 }.isError("nobody may connect to port 15008"))
        #expect(try groups { $0.inbound[0].ports = 0...65535 }.isFine)
        let tunnelOnly = DoctorFacts.SecurityGroup.Rule(transport: "6", ports: 15008...15008, peers: 1)
        #expect(try groups { $0.outbound = [tunnelOnly] }.isError("tasks may not connect to port 15012"))
        let other = try Make.verdict(.securityGroups) { facts in
            var answer = BootstrapTokenTests.answer
            answer["url"] = "https://mesh.example:443"
            facts.controlPlane = .known(try ControlPlaneFacts(answer))
            var group = Make.group
            group.outbound = [tunnelOnly]
            facts.securityGroups = .known([group])
        }
        #expect(other.isError("tasks may not connect to port 443"))
        #expect(try Make.verdict(.securityGroups) { $0.securityGroups = .known([]) }.isNotChecked)
    }

    @Test("D11: IPv6")
    func dualStack() throws {
        func dual(_ facts: inout DoctorFacts) {
            facts.subnets = .known([.init(id: "subnet-6", vpc: "vpc-1", hasIPv6: true)])
        }
        #expect(try Make.verdict(.dualStack, dual).isWarning("subnet-6"))
        #expect(
            try Make.verdict(.dualStack) {
                dual(&$0)
                Make.socks(&$0)
            }.isNotApplicable
        )
    }

    @Test("D12: names")
    func privateZone() throws {
        #expect(
            try Make.verdict(.privateZone) { $0.zones = .known(["other."]) }.isError("no private zone mesh.internal")
        )
        #expect(try Make.verdict(.privateZone) { $0.zones = .known(["shop."]) }.isFine)
        #expect(
            try Make.verdict(.privateZone) {
                $0.vpc = .known(.init(id: "vpc-1", resolvesNames: false, namesHosts: false))
            }.isError("enableDnsSupport and enableDnsHostnames off")
        )
        #expect(try Make.verdict(.privateZone) { $0.controlPlane = .unknown("no answer") }.isNotChecked)
        #expect(try Make.verdict(.privateZone) { $0.zones = .unknown("denied") } == .notChecked("denied"))
    }

    @Test("D13: a connected ztunnel is the proof that STS is reached")
    func tokenService() throws {
        #expect(try Make.verdict(.tokenService) { $0.proxies = .known([]) }.isNotChecked)
        #expect(
            try Make.verdict(.tokenService) {
                $0.proxies = .known([["identity": "spiffe://cluster.local/ns/shop/sa/web2"]])
            }.isNotChecked
        )
    }

    @Test("D14: the newest attestation of each task tells of its clock")
    func clock() throws {
        func record(_ outcome: String, _ peer: String, code: String? = nil, attestor: String = "ecs_task") -> JSONValue
        {
            var json: JSONValue = ["outcome": .string(outcome), "peer": .string(peer), "attestor": .string(attestor)]
            json["code"] = code.map { .string($0) }
            json["hint"] = code == nil ? nil : "signed 900 s ago"
            return json
        }
        func verdict(_ records: [JSONValue]) throws -> DoctorCheck.Verdict {
            try Make.verdict(.clock) { facts in
                facts.tasks = .known([
                    ["containers": [["networkInterfaces": [["privateIpv4Address": "10.0.0.7"]]]]],
                    ["containers": [["networkInterfaces": [["ipv6Address": "2001:db8::7"]]]]],
                ])
                facts.issuances = .known(records)
            }
        }
        let late = record("refused", "ipv4:10.0.0.7:1", code: "attestation_expired")
        let fine = record("issued", "10.0.0.7:2")
        #expect(try verdict([late, fine]).isError("10.0.0.7: signed 900 s ago"))
        #expect(try verdict([fine, late]).isFine, "it was set since")
        #expect(
            try verdict([record("refused", "ipv6:[2001:db8::7]:1", code: "attestation_expired"), fine])
                .isError("2001:db8::7")
        )
        #expect(try verdict([record("refused", "10.0.0.8:1", code: "attestation_expired")]).isNotChecked)
        #expect(try verdict([record("refused", "10.0.0.7:1", code: "binding_missing")]).isNotChecked)
        #expect(try verdict([record("issued", "10.0.0.7:1", attestor: "join_token")]).isNotChecked)
        #expect(try verdict([]).isNotChecked)
        #expect(try Make.verdict(.clock) { $0.issuances = .unknown("no answer") } == .notChecked("no answer"))
        #expect(try Make.verdict(.clock) { $0.tasks = .unknown("denied") } == .notChecked("denied"))
    }

    @Test("D15: health check")
    func healthCheck() throws {
        let verdict = try Make.verdict(.healthCheck) { facts in
            var containers = facts.definition["containerDefinitions"]?.array ?? []
            containers[1]["healthCheck"] = nil
            facts.definition = try Make.definition(["containerDefinitions": .array(containers)])
        }
        #expect(verdict.isError("no healthCheck"))
        #expect(try Make.verdict(.healthCheck) { $0.definition = try Fixtures.small() }.isNotChecked)
    }

    @Test(
        "D16: time to drain",
        arguments: [
            (nil, "TERMINATION_GRACE_PERIOD_SECONDS", "120", true),
            (60, "TERMINATION_GRACE_PERIOD_SECONDS", "120", true),
            (120, "TERMINATION_GRACE_PERIOD_SECONDS", "120", false),
            (30, "CONNECTION_TERMINATION_DEADLINE", "30s", true),
            (31, "CONNECTION_TERMINATION_DEADLINE", "30s", false), (5, "OTHER", "", true), (nil, "OTHER", "", false),
        ]
    )
    func stopTimeout(_ stop: Int?, _ name: String, _ value: String, _ isShort: Bool) throws {
        let verdict = try Make.verdict(.stopTimeout) { facts in
            var containers = facts.definition["containerDefinitions"]?.array ?? []
            containers[1]["stopTimeout"] = stop.map { .int($0) }
            containers[1]["environment"] = [["name": .string(name), "value": .string(value)]]
            facts.definition = try Make.definition(["containerDefinitions": .array(containers)])
        }
        #expect(isShort ? verdict.isWarning("SIGKILL") : verdict.isFine)
    }

    @Test("D17 and D18: tasks of before")
    func stale() throws {
        var old = Make.task
        old["taskDefinitionArn"] = "arn:web:7"
        #expect(try Make.verdict(.staleRevision) { $0.tasks = .known([Make.task, old]) }.isWarning("1 of 2 tasks"))
        var retagged = Make.task
        retagged["tags"] = [["key": "tulle/namespace", "value": "old"]]
        #expect(try Make.verdict(.staleTags) { $0.tasks = .known([Make.task, retagged]) }.isWarning("1 of 2 tasks"))
        for check in [DoctorCheck.staleRevision, .staleTags] {
            #expect(try Make.verdict(check) { $0.tasks = .known([]) }.isNotChecked)
            #expect(try Make.verdict(check) { $0.tasks = .unknown("denied") } == .notChecked("denied"))
        }
    }

    @Test("D19: ECS Exec beside the redirect")
    func exec() throws {
        func exec(_ status: String, ignored: String?) throws -> DoctorCheck.Verdict {
            try Make.verdict(.exec) { facts in
                facts.service["enableExecuteCommand"] = true
                var task = Make.task
                task["containers"] = [
                    ["managedAgents": [["name": "ExecuteCommandAgent", "lastStatus": .string(status)]]]
                ]
                facts.tasks = .known([task])
                facts.definition = try Make.proxy("EgressIgnoredPorts", ignored)
            }
        }
        #expect(try exec("RUNNING", ignored: nil).isFine)
        #expect(try exec("STOPPED", ignored: nil).isWarning("go through ztunnel"))
        guard case .problem(.warning, let text, _) = try exec("STOPPED", ignored: "22,443") else {
            Issue.record("no warning")
            return
        }
        #expect(!text.contains("ztunnel"))
    }

    @Test("D20: request rates")
    func throttling() throws {
        #expect(
            try Make.verdict(.throttling) { $0.clusterSize = .known((services: 200, tasks: 2000)) }
                == .fine("62 calls a poll of the cluster, about 21 % of what AWS sustains")
        )
        #expect(
            try Make.verdict(.throttling) { $0.clusterSize = .known((services: 1000, tasks: 9000)) }
                .isWarning("290 calls")
        )
    }
}
