/// AWS's own groups of actions that share one request budget per account and region.
package enum ThrottleBucket: String, Sendable, Hashable, CaseIterable {
    case clusterModify = "ecs_cluster_modify"
    case clusterRead = "ecs_cluster_read"
    case taskDefinitionModify = "ecs_task_definition_modify"
    case taskDefinitionRead = "ecs_task_definition_read"
    case tagModify = "ecs_tag_modify"
    case tagRead = "ecs_tag_read"
    case resourceModify = "ecs_resource_modify"
    case resourceRead = "ecs_resource_read"
    case serviceModify = "ecs_service_modify"
    case serviceRead = "ecs_service_read"
    case ecsOther = "ecs_other"
    case securityTokens = "sts"
    case route53
    case privateCA = "acm_pca"
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
        .route53: .init(burst: 5, sustained: 2.5),
        .privateCA: .init(burst: 12, sustained: 12),
        .other: .init(burst: 10, sustained: 5),
    ]

    /// The group that an action of a service belongs to.
    package init(service: AWSService, action: String) {
        switch service.name {
        case "ecs": self = Self.ofECS(action)
        case "sts": self = .securityTokens
        case "route53": self = .route53
        case "acm-pca": self = .privateCA
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
