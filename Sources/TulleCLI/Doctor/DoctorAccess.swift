import AWSClient
import Foundation

/// What `doctor` asks of AWS.
struct DoctorAccess: Sendable {
    let client: AWSClient

    /// One action of ECS.
    func ecs(_ action: String, _ input: JSONValue) async throws -> JSONValue {
        try await self.client.call(.ecs, action: action, body: input)
    }

    /// A role's trust policy. IAM writes it percent-encoded.
    func trustPolicy(ofRole arn: String) async throws -> JSONValue {
        let name = arn.split(separator: "/").last.map(String.init) ?? arn
        let answer = try await self.client.query(.iam, action: "GetRole", form: [("RoleName", name)])
        let text = answer["GetRoleResult"]?["Role"]?["AssumeRolePolicyDocument"]?.text ?? ""
        guard let plain = text.removingPercentEncoding, let policy = try? JSONValue(parsing: plain) else {
            throw CommandFailure("iam GetRole: the trust policy of \(name) cannot be read")
        }
        return policy
    }

    /// Security groups by id.
    func securityGroups(_ ids: [String]) async throws -> [DoctorFacts.SecurityGroup] {
        let form = ids.enumerated().map { (name: "GroupId.\($0.offset + 1)", value: $0.element) }
        let answer = try await self.client.query(.ec2, action: "DescribeSecurityGroups", form: form)
        return (answer["securityGroupInfo"]?.all("item") ?? []).map { group in
            DoctorFacts.SecurityGroup(
                id: group["groupId"]?.text ?? "?",
                inbound: (group["ipPermissions"]?.all("item") ?? []).map(Self.rule),
                outbound: (group["ipPermissionsEgress"]?.all("item") ?? []).map(Self.rule)
            )
        }
    }

    private static func rule(_ item: XMLElement) -> DoctorFacts.SecurityGroup.Rule {
        var ports: ClosedRange<Int>?
        if let from = item["fromPort"].flatMap({ Int($0.text) }), let to = item["toPort"].flatMap({ Int($0.text) }),
            from <= to, from >= 0
        {
            ports = from...to
        }
        return DoctorFacts.SecurityGroup.Rule(
            transport: item["ipProtocol"]?.text ?? "",
            ports: ports,
            peers: ["ipRanges", "ipv6Ranges", "groups", "prefixListIds"].reduce(0) { count, name in
                count + (item[name]?.all("item").count ?? 0)
            }
        )
    }

    /// Subnets by id.
    func subnets(_ ids: [String]) async throws -> [DoctorFacts.Subnet] {
        let form = ids.enumerated().map { (name: "SubnetId.\($0.offset + 1)", value: $0.element) }
        let answer = try await self.client.query(.ec2, action: "DescribeSubnets", form: form)
        return (answer["subnetSet"]?.all("item") ?? []).map { subnet in
            let blocks = subnet["ipv6CidrBlockAssociationSet"]?.all("item") ?? []
            return DoctorFacts.Subnet(
                id: subnet["subnetId"]?.text ?? "?",
                vpc: subnet["vpcId"]?.text ?? "",
                hasIPv6: blocks.contains { $0["ipv6CidrBlockState"]?["state"]?.text != "disassociated" }
            )
        }
    }

    /// A VPC's DNS settings.
    func vpc(_ id: String) async throws -> DoctorFacts.VPC {
        func attribute(_ name: String) async throws -> Bool {
            let answer = try await self.client.query(
                .ec2,
                action: "DescribeVpcAttribute",
                form: [("VpcId", id), ("Attribute", name)]
            )
            return answer[name]?["value"]?.text == "true"
        }
        return DoctorFacts.VPC(
            id: id,
            resolvesNames: try await attribute("enableDnsSupport"),
            namesHosts: try await attribute("enableDnsHostnames")
        )
    }

    /// Names of the private zones that a VPC resolves.
    func zones(vpc: String) async throws -> [String] {
        guard let region = self.client.region else {
            throw CommandFailure("route53 ListHostedZonesByVPC: no region is configured", hint: "pass --region")
        }
        return try await self.client.route53().zoneNames(vpc: vpc, vpcRegion: region)
    }
}
