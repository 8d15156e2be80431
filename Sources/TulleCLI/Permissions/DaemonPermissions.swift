import AWSClient

/// What `tulled` may do. Attestations need nothing: the control plane sends them to STS as tasks have signed them.
struct DaemonPermissions: Sendable, Hashable {
    var scope: PolicyScope
    /// Private zones by id, in which names are kept.
    var zones: [String] = []
    /// Whether zones are configured by name, so that they must be looked for.
    var findsZones = false
    /// The Private CA above the mesh.
    var authority: ARN?
    /// Whether the Private CA signs each leaf, and not one intermediate.
    var signsLeaves = false
    /// The secret with the authority's files.
    var secret: ARN?
    /// The key of KMS that the secret is encrypted by, where it is not AWS's own.
    var secretKey: ARN?
    /// The table that replicas share.
    var table: ARN?
    /// Roles that it assumes, such as in other accounts.
    var roles: [String] = []
    /// Queues of SQS that events of ECS come by.
    var queues: [ARN] = []

    /// The policy.
    var document: PolicyDocument {
        var statements: [PolicyDocument.Statement] = [
            .init(id: "DescribeClusters", actions: ["ecs:DescribeClusters"], resources: self.scope.clusterARNs),
            .init(
                id: "DiscoverInClusters",
                actions: ["ecs:ListServices", "ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks"],
                resources: ["*"],
                conditions: [self.scope.inClusters]
            ),
            // These two take no resource.
            .init(
                id: "Discover",
                actions: (self.scope.clusters.isEmpty ? ["ecs:ListClusters"] : []) + ["ecs:DescribeTaskDefinition"],
                resources: ["*"],
                conditions: [self.scope.inRegions]
            ),
        ]
        statements += self.names + self.certificates + self.shared
        if !self.queues.isEmpty {
            statements.append(
                .init(
                    id: "ReadEvents",
                    actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
                    resources: self.queues.map(\.description)
                )
            )
        }
        if !self.roles.isEmpty {
            statements.append(.init(id: "OtherAccounts", actions: ["sts:AssumeRole"], resources: self.roles))
        }
        return PolicyDocument(statements: statements)
    }

    private var names: [PolicyDocument.Statement] {
        var statements: [PolicyDocument.Statement] = []
        if self.findsZones {
            statements.append(.init(id: "FindZones", actions: ["route53:ListHostedZonesByName"], resources: ["*"]))
        }
        guard !self.zones.isEmpty || self.findsZones else { return statements }
        // Without ids it is not known which zones: then all, and the types of records are what narrows it.
        let zones = (self.zones.isEmpty || self.findsZones ? ["*"] : self.zones).map {
            "arn:\(self.scope.partition):route53:::hostedzone/\($0)"
        }
        statements.append(.init(id: "ReadNames", actions: ["route53:ListResourceRecordSets"], resources: zones))
        statements.append(
            .init(
                id: "KeepNames",
                actions: ["route53:ChangeResourceRecordSets"],
                resources: zones,
                conditions: [
                    .init(
                        test: "ForAllValues:StringEquals",
                        key: "route53:ChangeResourceRecordSetsRecordTypes",
                        values: ["A", "TXT"]
                    )
                ]
            )
        )
        return statements
    }

    /// The secret and the table.
    private var shared: [PolicyDocument.Statement] {
        var statements: [PolicyDocument.Statement] = []
        if let secret = self.secret {
            statements.append(
                .init(
                    id: "ReadAuthoritySecret",
                    actions: ["secretsmanager:GetSecretValue"],
                    resources: [secret.description]
                )
            )
            if let key = self.secretKey {
                let service = "secretsmanager.\(secret.region).\(AWSPartition(region: secret.region).suffix)"
                statements.append(
                    .init(
                        id: "DecryptAuthoritySecret",
                        actions: ["kms:Decrypt"],
                        resources: [key.description],
                        conditions: [.init(test: "StringEquals", key: "kms:ViaService", values: [service])]
                    )
                )
            }
        }
        if let table = self.table {
            // A transaction asks for the right to each of its writes.
            statements.append(
                .init(
                    id: "ShareState",
                    actions: [
                        "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem",
                        "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem",
                    ],
                    resources: [table.description]
                )
            )
        }
        return statements
    }

    private var certificates: [PolicyDocument.Statement] {
        guard let authority = self.authority else { return [] }
        let template =
            self.signsLeaves
            ? ["BlankEndEntityCertificate_APIPassthrough/V1", "EndEntityCertificate_CSRPassthrough/V1"]
            : ["SubordinateCACertificate_PathLen0/V1"]
        return [
            .init(
                id: "ReadAuthority",
                actions: [
                    "acm-pca:DescribeCertificateAuthority", "acm-pca:GetCertificateAuthorityCertificate",
                    "acm-pca:GetCertificate",
                ],
                resources: [authority.description]
            ),
            .init(
                id: "Sign",
                actions: ["acm-pca:IssueCertificate"],
                resources: [authority.description],
                conditions: [
                    .init(
                        test: "StringEquals",
                        key: "acm-pca:TemplateArn",
                        values: template.map { "arn:\(authority.partition):acm-pca:::template/\($0)" }
                    )
                ]
            ),
        ]
    }
}
