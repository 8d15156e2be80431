package import MeshModel

/// What one worker watches and how often.
package struct DiscoveryConfiguration: Sendable, Hashable {
    /// The region to watch; `nil` for the client's own.
    package var region: String?
    /// The account that must be found there, twelve digits; `nil` for whichever the client acts in.
    package var account: String?
    /// Names or ARNs of clusters to watch; empty for all that carry ``clusterTags``.
    package var clusters: [String]
    /// The tags that a cluster must carry to be watched; empty for those with `discovery-enabled=true`, or for all that
    /// ``clusters`` names.
    package var clusterTags: [String: String] = [:]
    /// What the services' long names end with; `nil` for the mesh's own.
    package var domain: String?
    /// The network of tasks that no tag puts into another; `nil` for the mesh's own.
    package var network: String?
    /// The namespaces that tasks and services there may be in; empty for all.
    package var namespaces: [NamespacePattern] = []
    /// What our own tags start with, slash included.
    package var tagPrefix = "tulle/"
    /// How often clusters and their tags are looked for.
    package var clusterInterval: Duration = .seconds(300)
    /// How often services are listed.
    package var serviceInterval: Duration = .seconds(60)
    /// How often tasks are listed; also the pace of the whole.
    package var taskInterval: Duration = .seconds(15)
    /// The longest pause after polls that failed altogether; each doubles the pause before it.
    package var longestPause: Duration = .seconds(60)
    /// Clusters that are watched; when more are found, the account counts as failing.
    package var clusterLimit = 1_000
    /// Clusters polled at once.
    package var concurrency = 4
    /// Tasks that are kept of one cluster; a cluster that has more counts as failing.
    package var tasksPerCluster = 20_000
    /// The share of a cluster's tasks, or of the tasks of all clusters, that may vanish without a word before a further
    /// poll must confirm it; 0–1.
    package var suspiciousLoss = 0.3

    /// Watches these clusters, or by tag when there are none.
    package init(region: String? = nil, clusters: [String] = []) {
        self.region = region
        self.clusters = clusters
    }
}
