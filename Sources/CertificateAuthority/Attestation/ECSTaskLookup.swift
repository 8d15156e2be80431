package import AWSClient
package import MeshModel
import Synchronization

/// Looks tasks up at ECS itself, cluster by cluster, because a task id alone does not tell its cluster.
package final class ECSTaskLookup: TaskLookup {
    /// Where to look, and as whom.
    package struct Place: Sendable {
        /// The accounts whose tasks are looked for there; empty for any.
        package var accounts: Set<String>
        /// The regions that are looked in; empty for any.
        package var regions: Set<String>
        /// Whose credentials may describe tasks and task definitions there.
        package var client: AWSClient
        /// The names of the clusters to search; empty for all of the account.
        package var clusters: [String]
        /// The tags that a cluster must carry to be searched; empty for no condition.
        package var clusterTags: [String: String]
        /// The namespaces that tasks found there may be in; empty for all.
        package var namespaces: [NamespacePattern]

        /// Holds the parts as they are.
        package init(
            accounts: Set<String> = [],
            regions: Set<String> = [],
            client: AWSClient,
            clusters: [String],
            clusterTags: [String: String] = [:],
            namespaces: [NamespacePattern] = []
        ) {
            self.accounts = accounts
            self.regions = regions
            self.client = client
            self.clusters = clusters
            self.clusterTags = clusterTags
            self.namespaces = namespaces
        }
    }

    /// A place with what was found out about it, which goes when the place does.
    private final class Searched: Sendable {
        typealias Listed = (names: [String], until: ContinuousClock.Instant)

        let place: Place
        /// The clusters of each region and when they were listed.
        let clusters = Mutex<[String: Listed]>([:])

        init(_ place: Place) { self.place = place }
    }

    /// More clusters than this are not searched; name the ones that count in the configuration.
    private static let clusterLimit = 100
    private static let definitionLimit = 10_000

    private let places: Mutex<[Searched]>
    /// What is known of definitions, which never change; of their tags, what they were at first.
    private let definitions = Mutex<[String: Definition]>([:])

    private struct Definition: Sendable {
        var role: String?
        var tags: [String: String]
    }

    /// Makes a lookup in one place.
    ///
    /// - Parameters:
    ///   - client: whose credentials may describe tasks and task definitions.
    ///   - clusters: the names of the clusters to search; empty for all of the account.
    package init(client: AWSClient, clusters: [String]) {
        self.places = Mutex([Searched(Place(client: client, clusters: clusters))])
    }

    /// Looks in these places from now on, and in no other.
    package func replace(_ places: [Place]) {
        self.places.withLock { $0 = places.map(Searched.init) }
    }

    package func task(id: String, account: String, region: String) async -> TaskLookupAnswer {
        let places = self.places.withLock(\.self).filter { searched in
            let place = searched.place
            return (place.accounts.isEmpty || place.accounts.contains(account))
                && (place.regions.isEmpty || place.regions.contains(region))
        }
        var answer = TaskLookupAnswer.missing
        for place in places {
            switch await self.task(id: id, account: account, region: region, in: place) {
            case .found(let task): return .found(task)
            case .missing: continue
            // It may be in another place of the same account; where it is in none, nobody can say that it is nowhere.
            case .unavailable(let reason): answer = .unavailable(reason: reason)
            }
        }
        return answer
    }

    private func task(
        id: String,
        account: String,
        region: String,
        in searched: Searched
    ) async -> TaskLookupAnswer {
        let ecs = searched.place.client.ecs(region: region)
        do {
            for cluster in try await self.clusters(of: searched, ecs, region: region) {
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
                let isOnItsOwn = Self.isOnItsOwn(task)
                let needsDefinition = isOnItsOwn || task.overriddenTaskRoleARN == nil
                let definition = needsDefinition ? try await self.definition(of: task, ecs) : nil
                var found = AttestedTask(
                    arn: task.arn,
                    cluster: ARN.lastPart(task.clusterARN),
                    lastStatus: task.lastStatus,
                    desiredStatus: task.desiredStatus,
                    // Whoever ran it may have overridden its definition's role.
                    roleARN: task.overriddenTaskRoleARN ?? definition?.role,
                    tags: isOnItsOwn ? (definition?.tags ?? [:]).merging(task.tags) { $1 } : task.tags
                )
                found.namespaces = searched.place.namespaces
                return .found(found)
            }
            return .missing
        } catch let error as AWSError {
            return .unavailable(reason: "\(error.action): \(error.code)")
        } catch {
            return .unavailable(reason: "\(error)")
        }
    }

    private func clusters(of searched: Searched, _ ecs: ECSClient, region: String) async throws -> [String] {
        let place = searched.place
        guard place.clusters.isEmpty || !place.clusterTags.isEmpty else { return place.clusters }
        let now = ContinuousClock.now
        if let known = searched.clusters.withLock({ $0[region] }), known.until > now { return known.names }
        var names = place.clusters.isEmpty ? try await ecs.listClusters().map(ARN.lastPart) : place.clusters
        if !place.clusterTags.isEmpty {
            names = try await ecs.describeClusters(names).items.filter { cluster in
                place.clusterTags.allSatisfy { cluster.tags[$0.key] == $0.value }
            }.map(\.name)
        }
        let kept = Array(names.prefix(Self.clusterLimit))
        searched.clusters.withLock { $0[region] = (kept, now + .seconds(30)) }
        return kept
    }

    /// Whether no service started it: then its definition's tags speak for it, as in discovery.
    private static func isOnItsOwn(_ task: ECSTask) -> Bool {
        task.tags["aws:ecs:serviceName"] == nil && task.group?.hasPrefix("service:") != true
    }

    private func definition(of task: ECSTask, _ ecs: ECSClient) async throws -> Definition {
        if let known = self.definitions.withLock({ $0[task.taskDefinitionARN] }) { return known }
        let described = try await ecs.describeTaskDefinition(task.taskDefinitionARN)
        let definition = Definition(role: described.definition.taskRoleARN, tags: described.tags)
        self.definitions.withLock { known in
            if known.count >= Self.definitionLimit { known = [:] }
            known[task.taskDefinitionARN] = definition
        }
        return definition
    }
}
