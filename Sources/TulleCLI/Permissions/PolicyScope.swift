import AWSClient

/// What a policy is narrowed to.
struct PolicyScope: Sendable, Hashable {
    /// Regions; at least one.
    var regions: [String]
    /// Twelve digits.
    var account: String
    /// Names of clusters; empty for all of the account and regions.
    var clusters: [String] = []

    /// Such as `aws` or `aws-cn`.
    var partition: String { AWSPartition(region: self.regions.first ?? "").id }

    /// ARNs of ECS in all regions: one for each resource.
    func ecs(_ resources: [String]) -> [String] {
        self.regions.flatMap { region in
            resources.map { "arn:\(self.partition):ecs:\(region):\(self.account):\($0)" }
        }
    }

    /// ARNs of the clusters.
    var clusterARNs: [String] { self.ecs((self.clusters.isEmpty ? ["*"] : self.clusters).map { "cluster/\($0)" }) }

    /// ARNs of what belongs to the clusters, such as services.
    func inClusters(_ kind: String) -> [String] {
        self.ecs((self.clusters.isEmpty ? ["*"] : self.clusters).map { "\(kind)/\($0)/*" })
    }

    /// That a call is about one of the clusters.
    var inClusters: PolicyDocument.Condition {
        .init(test: "ArnLike", key: "ecs:cluster", values: self.clusterARNs)
    }

    /// That a call is made in one of the regions, for actions that take no resource.
    var inRegions: PolicyDocument.Condition {
        .init(test: "StringEquals", key: "aws:RequestedRegion", values: self.regions)
    }
}
