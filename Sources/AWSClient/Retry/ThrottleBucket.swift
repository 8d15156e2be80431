/// AWS's own groups of actions that share one request budget per account and region.
package enum ThrottleBucket: String, Sendable, Hashable, CaseIterable {
    /// Creating, changing and deleting clusters.
    case clusterModify = "ecs_cluster_modify"
    /// Listing and describing clusters.
    case clusterRead = "ecs_cluster_read"
    /// Registering and deregistering task definitions.
    case taskDefinitionModify = "ecs_task_definition_modify"
    /// Listing and describing task definitions.
    case taskDefinitionRead = "ecs_task_definition_read"
    /// Tagging and untagging.
    case tagModify = "ecs_tag_modify"
    /// Listing tags.
    case tagRead = "ecs_tag_read"
    /// Running and stopping tasks, and attributes.
    case resourceModify = "ecs_resource_modify"
    /// Listing and describing tasks and container instances.
    case resourceRead = "ecs_resource_read"
    /// Creating, changing and deleting services.
    case serviceModify = "ecs_service_modify"
    /// Listing and describing services.
    case serviceRead = "ecs_service_read"
    /// All other actions of ECS.
    case ecsOther = "ecs_other"
    /// STS.
    case securityTokens = "sts"
    /// Route 53, which counts per account.
    case route53
    /// Simple Queue Service, which counts per queue and grants far more.
    case queues = "sqs"
    /// Private Certificate Authority.
    case privateCA = "acm_pca"
    /// DynamoDB, which counts per table: a new one that is paid by request takes 4,000 writes a second.
    case tables = "dynamodb"
    /// Services that have no bucket of their own here.
    case other

    /// Half of what AWS grants by default, so that people and other tools in the account have room.
    package static let defaultRates: [ThrottleBucket: AdaptiveTokenBucket.Rate] = [
        .clusterModify: .init(burst: 10, sustained: 0.5),
        .clusterRead: .init(burst: 25, sustained: 10),
        .taskDefinitionModify: .init(burst: 10, sustained: 0.5),
        .taskDefinitionRead: .init(burst: 25, sustained: 10),
        .tagModify: .init(burst: 10, sustained: 5),
        .tagRead: .init(burst: 25, sustained: 5),
        .resourceModify: .init(burst: 50, sustained: 20),
        .resourceRead: .init(burst: 50, sustained: 10),
        .serviceModify: .init(burst: 25, sustained: 2.5),
        .serviceRead: .init(burst: 50, sustained: 10),
        .ecsOther: .init(burst: 5, sustained: 1),
        .securityTokens: .init(burst: 50, sustained: 50),
        .queues: .init(burst: 40, sustained: 20),
        .route53: .init(burst: 5, sustained: 2.5),
        .privateCA: .init(burst: 12, sustained: 12),
        .tables: .init(burst: 200, sustained: 50),
        .other: .init(burst: 10, sustained: 5),
    ]

    /// The group that an action of a service belongs to.
    package init(service: AWSService, action: String) {
        switch service.name {
        case "ecs": self = Self.ofECS(action)
        case "sts": self = .securityTokens
        case "route53": self = .route53
        case "sqs": self = .queues
        case "acm-pca": self = .privateCA
        case "dynamodb": self = .tables
        default: self = .other
        }
    }

    private static func ofECS(_ action: String) -> ThrottleBucket {
        switch action {
        case "ListClusters", "DescribeClusters": .clusterRead
        case "CreateCluster", "UpdateCluster", "UpdateClusterSettings", "DeleteCluster": .clusterModify
        case "RegisterTaskDefinition", "DeregisterTaskDefinition": .taskDefinitionModify
        case "DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies": .taskDefinitionRead
        case "TagResource", "UntagResource": .tagModify
        case "ListTagsForResource": .tagRead
        case "RunTask", "StartTask", "StopTask", "ExecuteCommand", "PutAttributes", "DeleteAttributes": .resourceModify
        case "ListTasks", "DescribeTasks", "ListContainerInstances", "DescribeContainerInstances", "ListAttributes":
            .resourceRead
        case "CreateService", "UpdateService", "DeleteService": .serviceModify
        case "ListServices", "DescribeServices": .serviceRead
        default: .ecsOther
        }
    }
}
