/// What people and pipelines that run `tulle ecs` may do.
struct OperatorPermissions: Sendable, Hashable {
    var scope: PolicyScope
    /// Task and execution roles that definitions name; empty for all roles of the account.
    var roles: [String] = []
    /// Whether `tulle doctor` is among it: more to read, nothing more to write.
    var doctors = false
    /// Whether reading is all.
    var onlyReads = false

    private var roleARNs: [String] {
        self.roles.isEmpty ? ["arn:\(self.scope.partition):iam::\(self.scope.account):role/*"] : self.roles
    }

    /// The policy.
    var document: PolicyDocument {
        var reads = ["ecs:ListServices", "ecs:DescribeServices"]
        if self.doctors { reads += ["ecs:ListTasks", "ecs:DescribeTasks", "ecs:DescribeContainerInstances"] }
        var statements: [PolicyDocument.Statement] = [
            .init(id: "ReadServices", actions: reads, resources: ["*"], conditions: [self.scope.inClusters]),
            .init(
                id: "ReadDefinitions",
                actions: ["ecs:DescribeTaskDefinition"],
                resources: ["*"],
                conditions: [self.scope.inRegions]
            ),
        ]
        if !self.onlyReads { statements += self.writes }
        if self.doctors { statements += self.surroundings }
        return PolicyDocument(statements: statements)
    }

    private var writes: [PolicyDocument.Statement] {
        [
            .init(
                id: "Register",
                actions: ["ecs:RegisterTaskDefinition"],
                resources: ["*"],
                conditions: [self.scope.inRegions]
            ),
            .init(
                id: "RollOut",
                actions: ["ecs:UpdateService", "ecs:UntagResource"],
                resources: self.scope.inClusters("service")
            ),
            // Definitions keep their tags when they are registered anew.
            .init(
                id: "Tag",
                actions: ["ecs:TagResource"],
                resources: self.scope.inClusters("service") + self.scope.ecs(["task-definition/*:*"])
            ),
            .init(
                id: "HandRolesOn",
                actions: ["iam:PassRole"],
                resources: self.roleARNs,
                conditions: [.init(test: "StringEquals", key: "iam:PassedToService", values: [TaskTrust.service])]
            ),
        ]
    }

    private var surroundings: [PolicyDocument.Statement] {
        [
            .init(id: "DoctorCluster", actions: ["ecs:DescribeClusters"], resources: self.scope.clusterARNs),
            .init(id: "DoctorRoles", actions: ["iam:GetRole"], resources: self.roleARNs),
            .init(
                id: "DoctorNetwork",
                actions: ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcAttribute"],
                resources: ["*"],
                conditions: [self.scope.inRegions]
            ),
            .init(id: "DoctorNames", actions: ["route53:ListHostedZonesByVPC"], resources: ["*"]),
        ]
    }
}
