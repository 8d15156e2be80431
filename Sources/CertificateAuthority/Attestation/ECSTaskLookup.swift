package import AWSClient
import Synchronization

/// Looks tasks up at ECS itself, cluster by cluster, because a task id alone does not tell its cluster.
package final class ECSTaskLookup: TaskLookup {
    private struct Roles {
        /// Task definitions never change, so their roles may be kept for good.
        var byDefinition: [String: String?] = [:]
        /// The clusters of each region and when they were listed.
        var clusters: [String: (names: [String], until: ContinuousClock.Instant)] = [:]
    }

    /// More clusters than this are not searched; name the ones that count in the configuration.
    private static let clusterLimit = 100
    private static let definitionLimit = 10_000

    private let client: AWSClient
    private let clusters: [String]
    private let remembered = Mutex(Roles())

    /// Makes a lookup.
    ///
    /// - Parameters:
    ///   - client: whose credentials may describe tasks and task definitions.
    ///   - clusters: the names of the clusters to search; empty for all of the account.
    package init(client: AWSClient, clusters: [String]) {
        self.client = client
        self.clusters = clusters
    }

    package func task(id: String, account: String, region: String) async -> TaskLookupAnswer {
        let ecs = self.client.ecs(region: region)
        do {
            for cluster in try await self.searched(ecs, region: region) {
                let described: ECSDescribed<ECSTask>
                do {
                    described = try await ecs.describeTasks([id], cluster: cluster)
                } catch let error as AWSError where error.kind == .notFound {
                    continue  // a cluster that is gone, or of another region
                }
                guard
                    let task = described.items.first(where: { task in
                        task.id == id
                            && ARN(parsing: task.arn).map { $0.account == account && $0.region == region } == true
                    })
                else { continue }
                return .found(
                    AttestedTask(
                        arn: task.arn,
                        cluster: ARN.lastPart(task.clusterARN),
                        lastStatus: task.lastStatus,
                        desiredStatus: task.desiredStatus,
                        roleARN: try await self.role(of: task, ecs),
                        tags: task.tags
                    )
                )
            }
            return .missing
        } catch let error as AWSError {
            return .unavailable(reason: "\(error.action): \(error.code)")
        } catch {
            return .unavailable(reason: "\(error)")
        }
    }

    private func searched(_ ecs: ECSClient, region: String) async throws -> [String] {
        guard self.clusters.isEmpty else { return self.clusters }
        let now = ContinuousClock.now
        if let known = self.remembered.withLock({ $0.clusters[region] }), known.until > now { return known.names }
        let names = Array(try await ecs.listClusters().map(ARN.lastPart).prefix(Self.clusterLimit))
        self.remembered.withLock { $0.clusters[region] = (names, now + .seconds(30)) }
        return names
    }

    /// The role whose credentials the task has: whoever ran it may have overridden its definition's.
    private func role(of task: ECSTask, _ ecs: ECSClient) async throws -> String? {
        if let role = task.overriddenTaskRoleARN { return role }
        if let known = self.remembered.withLock({ $0.byDefinition[task.taskDefinitionARN] }) { return known }
        let role = try await ecs.describeTaskDefinition(task.taskDefinitionARN).definition.taskRoleARN
        self.remembered.withLock { remembered in
            if remembered.byDefinition.count >= Self.definitionLimit { remembered.byDefinition = [:] }
            remembered.byDefinition[task.taskDefinitionARN] = .some(role)
        }
        return role
    }
}
