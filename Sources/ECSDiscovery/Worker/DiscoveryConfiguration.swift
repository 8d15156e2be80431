/// What one worker watches and how often.
package struct DiscoveryConfiguration: Sendable, Hashable {
    /// The region to watch; `nil` for the client's own.
    package var region: String?
    /// Names or ARNs of clusters to watch; empty for all that carry `discovery-enabled=true`.
    package var clusters: [String]
    /// What our own tags start with, slash included.
    package var tagPrefix = "tulle/"
    /// How often clusters and their tags are looked for.
    package var clusterInterval: Duration = .seconds(300)
    /// How often services are listed.
    package var serviceInterval: Duration = .seconds(60)
    /// How often tasks are listed; also the pace of the whole.
    package var taskInterval: Duration = .seconds(15)
    /// Clusters polled at once.
    package var concurrency = 4
    /// Tasks that are kept of one cluster; a cluster that has more counts as failing.
    package var tasksPerCluster = 20_000
    /// The share of a cluster's tasks that may vanish without a word before a further poll must confirm it.
    package var suspiciousLoss = 0.3

    /// Watches these clusters, or by tag when there are none.
    package init(region: String? = nil, clusters: [String] = []) {
        self.region = region
        self.clusters = clusters
    }
}
