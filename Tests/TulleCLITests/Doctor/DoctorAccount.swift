import AWSClient
import AWSTestSupport
import Logging

@testable import TulleCLI

/// An account with one enrolled service, and its control plane, as their APIs answer: all is well until a test breaks it.
struct DoctorAccount: Sendable {
    var service = DoctorFixtures.service
    var definition: JSONValue
    var task = DoctorFixtures.task
    var runningTasks = 3
    var trust = DoctorFixtures.trust
    /// The ports that the security group lets in from itself.
    var inbound = 15_000...15_010
    var hasIPv6 = false
    var namesHosts = true
    var zone = "mesh.internal."
    var bindings: [JSONValue] = [
        ["role": .string(DoctorFixtures.role), "namespace": "shop", "serviceAccount": "web"]
    ]
    var journal: [JSONValue] = [["outcome": "issued", "attestor": "ecs_task", "peer": "ipv4:10.0.0.7:40000"]]

    init() throws {
        self.definition = try DoctorFixtures.definition().document
    }

    /// What AWS answers to one request.
    func answer(_ request: FakeAWS.Request) -> TransportResponse {
        switch request.action {
        case "DescribeServices": return .json(["services": [self.service]])
        case "DescribeTaskDefinition": return .json(["taskDefinition": self.definition, "tags": []])
        case "ListTasks": return .json(["taskArns": ["arn:task/c1/0f"]])
        case "DescribeTasks": return .json(["tasks": [self.task]])
        case "DescribeClusters":
            return .json(["clusters": [["activeServicesCount": 2, "runningTasksCount": .int(self.runningTasks)]]])
        case "GetRole":
            let policy = self.trust.text().replacing("\"", with: "%22").replacing("{", with: "%7B")
            return Self.xml(
                "<GetRoleResult><Role><AssumeRolePolicyDocument>\(policy)</AssumeRolePolicyDocument></Role></GetRoleResult>"
            )
        case "DescribeSecurityGroups":
            return Self.xml(
                """
                <securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol>\
                <fromPort>\(self.inbound.lowerBound)</fromPort><toPort>\(self.inbound.upperBound)</toPort><groups><item>\
                <groupId>sg-1</groupId></item></groups><ipRanges/></item></ipPermissions><ipPermissionsEgress><item>\
                <ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
                </ipPermissionsEgress></item></securityGroupInfo>
                """
            )
        case "DescribeSubnets":
            let block = """
                <item><ipv6CidrBlockState><state>\(self.hasIPv6 ? "associated" : "disassociated")</state>\
                </ipv6CidrBlockState></item>
                """
            return Self.xml(
                "<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><ipv6CidrBlockAssociationSet>\(block)"
                    + "</ipv6CidrBlockAssociationSet></item></subnetSet>"
            )
        case "DescribeVpcAttribute":
            let name = request.form["Attribute"] ?? ""
            let value = name == "enableDnsHostnames" ? self.namesHosts : true
            return Self.xml("<vpcId>vpc-1</vpcId><\(name)><value>\(value)</value></\(name)>")
        case let action where action.contains("/2013-04-01/hostedzonesbyvpc"):
            guard action.contains("vpcid=vpc-1"), action.contains("vpcregion=us-east-1") else {
                return .error("InvalidInput")
            }
            let zone = "<HostedZoneSummary><Name>\(self.zone)</Name></HostedZoneSummary>"
            return action.contains("nexttoken")
                ? Self.xml("<HostedZoneSummaries>\(zone)</HostedZoneSummaries>")
                : Self.xml("<HostedZoneSummaries/><NextToken>more</NextToken>")
        default: return .error("AccessDeniedException", status: 400)
        }
    }

    private static func xml(_ content: String) -> TransportResponse { .text("<R>\(content)</R>", type: "text/xml") }

    /// What the control plane answers, by method and path.
    private var control: [String: JSONValue] {
        let items = self.bindings.enumerated().map { index, spec -> JSONValue in
            ["kind": "ServiceAccountBinding", "metadata": ["name": .string("b\(index)")], "spec": spec]
        }
        return [
            "GET /bootstrap": BootstrapTokenTests.answer, "GET /v1/resources": ["items": .array(items)],
            "GET /v1/proxies": ["proxies": [["identity": "spiffe://cluster.local/ns/shop/sa/web"]]],
            "GET /v1/certificates": ["journal": .array(self.journal)],
        ]
    }

    /// What `tulle doctor` fetches of all this.
    func facts() async throws -> DoctorFacts {
        try await FakeControlPlane.run(self.control) { admin, _ in
            try await Self.collect(admin) { self.answer($0) }
        }
    }

    /// What is fetched from an AWS that answers so.
    static func collect(
        _ admin: AdminClient?,
        _ answer: @escaping @Sendable (FakeAWS.Request) -> TransportResponse
    ) async throws -> DoctorFacts {
        let client = AWSClient(
            try .test(),
            transport: FakeAWS { answer($0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let collector = DoctorCollector(cluster: "c1", access: DoctorAccess(client: client), admin: admin)
        do {
            let facts = try await collector.facts(of: "web")
            await client.shutdown()
            return facts
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
