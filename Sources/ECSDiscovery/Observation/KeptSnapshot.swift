package import MeshModel

/// What outlives a restart of one worker's snapshot: what was observed, and when each cluster was last read.
package struct KeptSnapshot: Codable, Sendable, Hashable {
    /// The form that is written; others are not read.
    package static let currentVersion = 1

    private struct Cluster: Codable, Sendable, Hashable {
        var arn: String
        var name: String
        var tags: [String: String]
        var settings: ObservedSettings
        var lastSuccess: Double
    }

    /// The form.
    package var version = Self.currentVersion
    /// The name of the worker.
    package var worker: String
    private var clusters: [Cluster]
    private var services: [ObservedService]
    private var tasks: [ObservedTask]

    /// Takes what is worth keeping; nil when neither the account nor any cluster was ever read.
    package init?(_ snapshot: DiscoverySnapshot, of worker: String) {
        let clusters = snapshot.clusters.values.compactMap { status in
            status.poll.lastSuccess.map { seen in
                Cluster(
                    arn: status.arn,
                    name: status.name,
                    tags: status.tags,
                    settings: status.settings,
                    lastSuccess: seen
                )
            }
        }
        guard !clusters.isEmpty || snapshot.account.lastSuccess != nil else { return nil }
        let kept = Set(clusters.map(\.arn))
        self.worker = worker
        self.clusters = clusters.sorted { $0.arn < $1.arn }
        self.services = snapshot.services.values.filter { kept.contains($0.clusterARN) }.sorted { $0.arn < $1.arn }
        self.tasks = snapshot.tasks.values.filter { kept.contains($0.clusterARN) }.sorted { $0.arn < $1.arn }
    }

    /// What a worker may start from: clusters that were read at most `age` seconds ago, with their services and tasks.
    ///
    /// - Parameters:
    ///   - now: seconds since the epoch.
    ///   - isOwn: whether a cluster, by its ARN, is one that the worker may watch.
    /// - Returns: a snapshot of which nothing was polled yet; nil when nothing is left.
    package func snapshot(now: Double, age: Double, isOwn: (String) -> Bool) -> DiscoverySnapshot? {
        var snapshot = DiscoverySnapshot()
        // A clock that went back makes what was kept look new, but not more than a little.
        for cluster in self.clusters where isOwn(cluster.arn) && abs(now - cluster.lastSuccess) <= age {
            var status = ClusterStatus(
                arn: cluster.arn,
                name: cluster.name,
                tags: cluster.tags,
                settings: cluster.settings
            )
            status.poll.lastSuccess = cluster.lastSuccess
            snapshot.clusters[cluster.arn] = status
        }
        guard !snapshot.clusters.isEmpty else { return nil }
        for service in self.services where snapshot.clusters[service.clusterARN] != nil {
            snapshot.services[service.arn] = service
        }
        for task in self.tasks where snapshot.clusters[task.clusterARN] != nil { snapshot.tasks[task.arn] = task }
        snapshot.isRestored = true
        return snapshot
    }
}

/// As text, in the one form that ``IPAddress`` writes.
extension IPAddress: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let address = IPAddress(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no IP address")
        }
        self = address
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
