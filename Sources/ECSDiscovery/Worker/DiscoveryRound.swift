import AWSClient

/// The calls of discovery, round after round.
struct DiscoveryRound {
    let shared: SharedState
    private let client: AWSClient
    private let ecs: ECSClient
    private let configuration: DiscoveryConfiguration
    private let now: @Sendable () -> Double
    private var definitions: [String: DefinitionFacts] = [:]
    private var clustersDue = -Double.infinity
    private var servicesDue: [String: Double] = [:]
    /// Names of services that opted out by tag, by cluster.
    private var optedOut: [String: Set<String>] = [:]

    init(
        client: AWSClient,
        configuration: DiscoveryConfiguration,
        lastGood: DiscoverySnapshot? = nil,
        now: @escaping @Sendable () -> Double
    ) {
        self.client = client
        self.ecs = client.ecs(region: configuration.region)
        self.configuration = configuration
        self.now = now
        self.shared = SharedState(DiscoveryState(configuration: configuration, lastGood: lastGood))
    }

    /// What was observed.
    var state: DiscoveryState { self.shared.value }

    /// Looks for clusters when that is due, then at each watched one.
    mutating func poll() async {
        let start = self.now()
        if start >= self.clustersDue {
            do {
                let listed = try await self.listClusters()
                let now = self.now()
                self.shared.change { $0.apply(clusters: listed.items, now: now) }
                // Those that are there are watched; the one that is not stays an error until it is or is not named.
                try self.requireNamed(listed)
                // A loss that waits for a second look is looked at again in the next round.
                if !self.state.snapshot.isConfirmingLoss {
                    self.clustersDue = start + self.configuration.clusterInterval / .seconds(1)
                }
            } catch {
                // It stays due: the next round tries again.
                let (code, message) = Self.reason(error)
                let now = self.now()
                self.shared.change { $0.accountFailed(code: code, message: message, now: now) }
            }
        }
        if Task.isCancelled { return }
        await self.pollClusters(start: start)
        self.forgetUnused()
    }

    private func listClusters() async throws -> ECSDescribed<ECSCluster> {
        let named = self.configuration.clusters
        let listed = named.isEmpty ? try await self.ecs.listClusters() : named
        guard listed.count <= self.configuration.clusterLimit else {
            throw Self.refusal(
                "ListClusters",
                "TulleTooManyClusters",
                "the account has \(listed.count) clusters; at most \(self.configuration.clusterLimit) are looked at"
            )
        }
        let described = try await self.ecs.describeClusters(listed)
        // The credentials may be of another account than the one that was meant, and its tasks must not pass for theirs.
        if let account = self.configuration.account,
            let other = described.items.compactMap({ ARN(parsing: $0.arn)?.account }).first(where: { $0 != account })
        {
            throw Self.refusal(
                "DescribeClusters",
                "TulleWrongAccount",
                "the credentials are of account \(other), not of \(account)"
            )
        }
        return described
    }

    private static func refusal(_ action: String, _ code: String, _ message: String) -> AWSError {
        AWSError(service: "ecs", action: action, code: code, message: message, kind: .invalid)
    }

    /// How many rounds in a row brought nothing: neither the account nor any of its clusters could be read.
    var failuresInARow: Int {
        let snapshot = self.state.snapshot
        let clusters = snapshot.clusters.values.map(\.poll.failuresInARow).min()
        return clusters ?? snapshot.account.failuresInARow
    }

    private func requireNamed(_ listed: ECSDescribed<ECSCluster>) throws {
        let named = self.configuration.clusters
        guard !named.isEmpty, let failure = listed.failures.first else { return }
        throw AWSError(
            service: "ecs",
            action: "DescribeClusters",
            code: "ClusterNotFoundException",
            message: "cluster \(failure.arn) is \(failure.reason); configured are \(named.joined(separator: ", "))",
            status: 200,
            kind: .notFound
        )
    }

    /// A cluster's outcome: what it found, or why it failed. A type and no tuple: as a task group's result, Swift 6.3
    /// spoils the tuple's string when it optimises.
    private struct Outcome: Sendable {
        let cluster: String
        let result: Result<ClusterPoll, any Error>
        let withServices: Bool
    }

    private mutating func pollClusters(start: Double) async {
        var waiting = self.state.snapshot.clusters.keys.sorted()[...]
        let outcomes = await withTaskGroup(of: Outcome.self) { group in
            var outcomes: [Outcome] = []
            func startNext() {
                guard let cluster = waiting.popFirst() else { return }
                let job = ClusterJob(
                    ecs: self.ecs,
                    cluster: cluster,
                    knownTasks: self.state.knownTasks(in: cluster),
                    knownDefinitions: self.definitions,
                    optedOut: self.optedOut[cluster] ?? [],
                    withServices: start >= self.servicesDue[cluster, default: -.infinity],
                    configuration: self.configuration
                )
                group.addTask {
                    let result = await job.result()
                    return Outcome(cluster: job.cluster, result: result, withServices: job.withServices)
                }
            }
            for _ in 0..<max(1, self.configuration.concurrency) { startNext() }
            for await outcome in group {
                outcomes.append(outcome)
                startNext()
            }
            return outcomes
        }
        let now = self.now()
        for outcome in outcomes {
            switch outcome.result {
            case .success(let poll):
                self.definitions.merge(poll.definitions) { _, new in new }
                self.optedOut[outcome.cluster] = poll.optedOutServices
                if outcome.withServices {
                    self.servicesDue[outcome.cluster] = start + self.configuration.serviceInterval / .seconds(1)
                }
                self.shared.change { $0.apply(poll, now: now) }
            case .failure(let error):
                let (code, message) = Self.reason(error)
                self.shared.change { $0.clusterFailed(outcome.cluster, code: code, message: message, now: now) }
            }
        }
    }

    /// Keeps only definitions that something still uses, so that years of revisions do not add up.
    private mutating func forgetUnused() {
        let snapshot = self.state.snapshot
        var used = Set(snapshot.services.values.map(\.taskDefinitionARN))
        used.formUnion(snapshot.tasks.values.map(\.taskDefinitionARN))
        self.definitions = self.definitions.filter { used.contains($0.value.arn) }
        self.servicesDue = self.servicesDue.filter { snapshot.clusters[$0.key] != nil }
        self.optedOut = self.optedOut.filter { snapshot.clusters[$0.key] != nil }
    }

    private static func reason(_ error: any Error) -> (code: String, message: String) {
        guard let error = error as? AWSError else { return ("TulleDiscoveryFailed", "\(error)") }
        return (error.code, error.description)
    }
}

/// One poll of one cluster: all of it works, or none of it counts.
private struct ClusterJob: Sendable {
    let ecs: ECSClient
    let cluster: String
    let knownTasks: Set<String>
    let knownDefinitions: [String: DefinitionFacts]
    let optedOut: Set<String>
    let withServices: Bool
    let configuration: DiscoveryConfiguration

    func result() async -> Result<ClusterPoll, any Error> {
        do {
            return .success(try await self.run())
        } catch {
            return .failure(error)
        }
    }

    private func run() async throws -> ClusterPoll {
        var services: [ECSService]?
        var optedOut = self.optedOut
        if self.withServices {
            let listed = try await self.ecs.listServices(cluster: self.cluster)
            let described = try await self.ecs.describeServices(listed, cluster: self.cluster).items
            let reader = TagReader(prefix: self.configuration.tagPrefix)
            optedOut = Set(described.filter { reader.settings($0.tags).isDiscoveryEnabled == false }.map(\.name))
            services = described
        }
        let listed = Set(try await self.ecs.listTasks(cluster: self.cluster))
        guard listed.count <= self.configuration.tasksPerCluster else {
            throw AWSError(
                service: "ecs",
                action: "ListTasks",
                code: "TulleTooManyTasks",
                message:
                    "the cluster has \(listed.count) tasks; at most \(self.configuration.tasksPerCluster) are watched",
                kind: .invalid
            )
        }
        let wanted = listed.union(self.knownTasks).sorted()
        let tasks = try await self.ecs.describeTasks(wanted, cluster: self.cluster).items
        let names = Set(tasks.map(\.taskDefinitionARN) + (services ?? []).map(\.taskDefinition))
        return ClusterPoll(
            clusterARN: self.cluster,
            services: services,
            listedTasks: listed,
            tasks: tasks,
            definitions: try await self.facts(names),
            optedOutServices: optedOut
        )
    }

    private func facts(_ names: Set<String>) async throws -> [String: DefinitionFacts] {
        var facts: [String: DefinitionFacts] = [:]
        for name in names.sorted() where !name.isEmpty {
            if let known = self.knownDefinitions[name] {
                facts[name] = known
                continue
            }
            do {
                let (definition, tags) = try await self.ecs.describeTaskDefinition(name)
                facts[name] = DefinitionFacts(definition, tags: tags, tagPrefix: self.configuration.tagPrefix)
            } catch let error as AWSError where error.kind == .invalid || error.kind == .notFound {
                // The definition was deleted: its tasks are seen without role and ports, so nobody vouches for them.
                continue
            }
        }
        return facts
    }
}
