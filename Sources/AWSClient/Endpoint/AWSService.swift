/// A service of AWS: how to speak to it and where.
package struct AWSService: Sendable, Hashable {
    /// How requests are written.
    package enum WireProtocol: Sendable, Hashable {
        /// JSON; the action goes into `X-Amz-Target` after this prefix, and the version into the type.
        case json(targetPrefix: String, version: String = "1.1")
        /// Form in, XML out, with this API version.
        case query(version: String)
        /// Paths and XML, with this path prefix.
        case restXML(prefix: String)
    }

    /// The name in host names and in errors.
    package var name: String
    /// The name in the credential scope.
    package var signingName: String
    /// The name in `AWS_ENDPOINT_URL_<name>`.
    package var environmentName: String
    /// How requests are written.
    package var wireProtocol: WireProtocol
    /// Whether one endpoint serves all regions of a partition.
    package var isGlobal: Bool

    /// Elastic Container Service.
    package static let ecs = AWSService(
        "ecs",
        environmentName: "ECS",
        .json(targetPrefix: "AmazonEC2ContainerServiceV20141113")
    )
    /// Security Token Service.
    package static let sts = AWSService("sts", environmentName: "STS", .query(version: "2011-06-15"))
    /// Route 53.
    package static let route53 = AWSService(
        "route53",
        environmentName: "ROUTE_53",
        .restXML(prefix: "/2013-04-01"),
        isGlobal: true
    )
    /// Private Certificate Authority.
    package static let privateCA = AWSService(
        "acm-pca",
        environmentName: "ACM_PCA",
        .json(targetPrefix: "ACMPrivateCA")
    )

    /// DynamoDB, which knows no other JSON than 1.0.
    package static let dynamoDB = AWSService(
        "dynamodb",
        environmentName: "DYNAMODB",
        .json(targetPrefix: "DynamoDB_20120810", version: "1.0")
    )
    /// Secrets Manager.
    package static let secretsManager = AWSService(
        "secretsmanager",
        environmentName: "SECRETS_MANAGER",
        .json(targetPrefix: "secretsmanager")
    )
    /// Simple Queue Service.
    package static let sqs = AWSService("sqs", environmentName: "SQS", .query(version: "2012-11-05"))
    /// Elastic Compute Cloud: networks and what guards them.
    package static let ec2 = AWSService("ec2", environmentName: "EC2", .query(version: "2016-11-15"))
    /// Identity and Access Management.
    package static let iam = AWSService(
        "iam",
        environmentName: "IAM",
        .query(version: "2010-05-08"),
        isGlobal: true
    )

    /// A service whose signing name is its name.
    package init(
        _ name: String,
        environmentName: String,
        _ wireProtocol: WireProtocol,
        isGlobal: Bool = false
    ) {
        self.name = name
        self.signingName = name
        self.environmentName = environmentName
        self.wireProtocol = wireProtocol
        self.isGlobal = isGlobal
    }
}
