import AWSClient
import AWSTestSupport
import Logging
import Testing

@testable import TulleCLI

@Suite("tulle doctor")
struct DoctorReportTests {
    @Test("writes a row a check, and below what is wrong and how to mend it")
    func text() throws {
        var facts = try DoctorFixtures.facts()
        facts.service["propagateTags"] = "NONE"
        facts.subnets = .unknown("ec2 DescribeSubnets: denied")
        let lines = DoctorReport(facts).text(isWide: false).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "CODE  STATE        CHECK")
        #expect(lines[1] == "D01   ok           tasks have an address of their own")
        #expect(lines[9] == "D09   error        tasks get the service's tags")
        #expect(lines[11] == "D11   not checked  nothing goes round the mesh by IPv6")
        #expect(lines[19] == "D19   -            ECS Exec works beside the redirect")
        #expect(lines[21].isEmpty)
        #expect(lines[22] == "D09 error: propagateTags is NONE and must be SERVICE")
        #expect(lines[23].hasPrefix("  → aws ecs update-service --service web --propagate-tags SERVICE"))
        #expect(lines[24] == "D11 not checked: ec2 DescribeSubnets: denied")
        let json = DoctorReport(facts).json
        #expect(json["checks"]?.array?.count == 20)
        #expect(json["checks"]?[8]?["state"] == "error")
    }

    private static func answer(_ request: FakeAWS.Request) -> TransportResponse {
        let xml = "text/xml"
        switch request.action {
        case "DescribeServices": return .json(["services": [DoctorFixtures.service]])
        case "DescribeTaskDefinition":
            return .json(["taskDefinition": (try? DoctorFixtures.definition().document) ?? [:], "tags": []])
        case "ListTasks": return .json(["taskArns": ["arn:task/c1/0f"]])
        case "DescribeTasks": return .json(["tasks": [DoctorFixtures.task]])
        case "DescribeClusters": return .json(["clusters": [["activeServicesCount": 2, "runningTasksCount": 3]]])
        case "GetRole":
            let policy = DoctorFixtures.trust.text().replacing("\"", with: "%22").replacing("{", with: "%7B")
            return .text(
                "<R><GetRoleResult><Role><AssumeRolePolicyDocument>\(policy)</AssumeRolePolicyDocument></Role>"
                    + "</GetRoleResult></R>",
                type: xml
            )
        case "DescribeSecurityGroups":
            return .text(
                """
                <R><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol>\
                <fromPort>15000</fromPort><toPort>15010</toPort><groups><item><groupId>sg-1</groupId></item></groups>\
                <ipRanges/></item></ipPermissions><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges>\
                <item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>\
                </item></securityGroupInfo></R>
                """,
                type: xml
            )
        case "DescribeSubnets":
            return .text(
                """
                <R><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><ipv6CidrBlockAssociationSet>\
                <item><ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>\
                </ipv6CidrBlockAssociationSet></item></subnetSet></R>
                """,
                type: xml
            )
        case "DescribeVpcAttribute":
            let name = request.form["Attribute"] ?? ""
            return .text("<R><vpcId>vpc-1</vpcId><\(name)><value>true</value></\(name)></R>", type: xml)
        case let action where action.contains("/2013-04-01/hostedzonesbyvpc"):
            guard action.contains("vpcid=vpc-1"), action.contains("vpcregion=us-east-1") else {
                return .error("InvalidInput")
            }
            return action.contains("nexttoken")
                ? .text(
                    "<R><HostedZoneSummaries><HostedZoneSummary><Name>mesh.internal.</Name></HostedZoneSummary>"
                        + "</HostedZoneSummaries></R>",
                    type: xml
                )
                : .text("<R><HostedZoneSummaries/><NextToken>more</NextToken></R>", type: xml)
        default: return .error("AccessDeniedException", status: 400)
        }
    }

    private static func collect(
        _ admin: AdminClient?,
        _ answer: @escaping @Sendable (FakeAWS.Request) -> TransportResponse = { DoctorReportTests.answer($0) }
    ) async throws -> DoctorFacts {
        let client = AWSClient(
            try .test(),
            transport: FakeAWS { answer($0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let collector = DoctorCollector(cluster: "c1", access: DoctorAccess(client: client), admin: admin)
        let facts = try await collector.facts(of: "web")
        await client.shutdown()
        return facts
    }

    @Test("fetches all facts from AWS and the control plane")
    func collects() async throws {
        let binding: JSONValue = [
            "kind": "ServiceAccountBinding", "metadata": ["name": "web"],
            "spec": ["role": .string(DoctorFixtures.role), "namespace": "shop", "serviceAccount": "web"],
        ]
        let answers: [String: JSONValue] = [
            "GET /bootstrap": BootstrapTokenTests.answer, "GET /v1/resources": ["items": [binding]],
            "GET /v1/proxies": ["proxies": [["identity": "spiffe://cluster.local/ns/shop/sa/web"]]],
        ]
        try await FakeControlPlane.run(answers) { admin, _ in
            let facts = try await Self.collect(admin)
            let report = DoctorReport(facts)
            #expect(report.count(.error) == 0)
            // The one thing that this account has wrong: its subnet speaks IPv6.
            let warnings = report.verdicts.filter { $0.verdict.isWarning("") }.map(\.check)
            #expect(warnings == [.dualStack])
            #expect(report.verdicts.filter(\.verdict.isNotChecked).map(\.check) == [.clock])
        }
    }

    @Test("what cannot be had leaves its checks unchecked, with the reason")
    func partial() async throws {
        let facts = try await Self.collect(nil) { request in
            ["DescribeServices", "DescribeTaskDefinition"].contains(request.action)
                ? Self.answer(request) : .error("AccessDeniedException")
        }
        let report = DoctorReport(facts)
        #expect(report.count(.error) == 0)
        let unchecked = report.verdicts.filter(\.verdict.isNotChecked).map(\.check)
        #expect(
            unchecked == [
                .taskRole, .binding, .securityGroups, .dualStack, .privateZone, .tokenService, .clock, .staleRevision,
                .staleTags, .throttling,
            ]
        )
        guard case .notChecked(let reason) = report.verdicts[6].verdict else { return }
        #expect(reason.contains("iam GetRole: AccessDeniedException"))
    }

    @Test("a service that is not there is a failure")
    func missing() async throws {
        await #expect(throws: CommandFailure.self) {
            _ = try await Self.collect(nil) { _ in .json(["services": [], "failures": [["reason": "MISSING"]]]) }
        }
    }
}
