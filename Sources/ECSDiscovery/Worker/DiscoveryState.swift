import AWSClient
import MeshModel

/// What has been observed, and the rules by which new observations change it.
///
/// Pure: no calls, no clock. A failed poll never gets here but as a status, so the last good state stands.
struct DiscoveryState: Sendable {
    private(set) var snapshot = DiscoverySnapshot()
    private let configuration: DiscoveryConfiguration
    private let reader: TagReader
    /// How many polls in a row did not list something that is known, by ARN.
    private var missing: [String: Int] = [:]

    /// Something is gone when this many polls in a row did not list it.
    private static let absencesUntilGone = 2

    /// - Parameter lastGood: what a worker before this one knew of the same account and region, which stands until
    ///   polls say otherwise.
    init(configuration: DiscoveryConfiguration, lastGood: DiscoverySnapshot? = nil) {
        self.configuration = configuration
        self.reader = TagReader(prefix: configuration.tagPrefix)
        self.snapshot.namespaces = configuration.namespaces
        guard var known = lastGood else { return }
        known.generation = 0
        // Whether it may be polled must be found out anew; what it held when it last could be is no reason to forget it.
        known.account = PollStatus()
        known.namespaces = configuration.namespaces
        known.isRestored = false
        self.snapshot = known
        let named = Set(configuration.clusters.map(ARN.lastPart))
        for cluster in known.clusters.values
        where (!named.isEmpty && !named.contains(cluster.name)) || !self.isWatched(cluster.tags, cluster.settings) {
            self.forget(cluster: cluster.arn)
        }
        guard lastGood?.isRestored == true else { return }
        // Much may have gone while nobody looked: one absence is enough, as long as there are few.
        let arns = Array(self.snapshot.services.keys) + Array(self.snapshot.tasks.keys)
        for arn in arns { self.missing[arn] = Self.absencesUntilGone - 1 }
    }

    // MARK: Clusters

    /// Takes a complete list of the clusters that exist, or that configuration names.
    mutating func apply(clusters: [ECSCluster], now: Double) {
        var present: Set<String> = []
        var leaving: Set<String> = []
        for cluster in clusters {
            let settings = self.reader.settings(cluster.tags)
            guard self.isWatched(cluster.tags, settings), cluster.status != "INACTIVE" else {
                leaving.insert(cluster.arn)
                continue
            }
            present.insert(cluster.arn)
            var status = self.snapshot.clusters[cluster.arn] ?? ClusterStatus(arn: cluster.arn, name: cluster.name)
            status.tags = cluster.tags
            status.settings = settings
            self.snapshot.clusters[cluster.arn] = status
        }
        let vanished = self.absent(known: self.snapshot.clusters.keys, present: present.union(leaving))
        self.leave(leaving.union(vanished), vanished: vanished)
        self.snapshot.account = self.snapshot.account.succeeded(at: now)
    }

    /// Forgets clusters, unless they hold so many of all tasks that it may be an error, such as a permission to read tags
    /// that is gone: then only when a second look says the same.
    private mutating func leave(_ clusters: Set<String>, vanished: Set<String>) {
        let lost = self.snapshot.tasks.values.count { clusters.contains($0.clusterARN) }
        let isSuspicious = Double(lost) > Double(self.snapshot.tasks.count) * self.configuration.suspiciousLoss
        if isSuspicious && !self.snapshot.isConfirmingLoss {
            for arn in vanished { self.missing[arn] = Self.absencesUntilGone - 1 }
            self.snapshot.isConfirmingLoss = true
            return
        }
        self.snapshot.isConfirmingLoss = false
        for arn in clusters { self.forget(cluster: arn) }
    }

    private func isWatched(_ tags: [String: String], _ settings: ObservedSettings) -> Bool {
        let wanted = self.configuration.clusterTags
        if wanted.isEmpty { return !self.configuration.clusters.isEmpty || settings.isDiscoveryEnabled == true }
        return wanted.allSatisfy { tags[$0.key] == $0.value }
    }

    /// Listing clusters failed.
    mutating func accountFailed(code: String, message: String, now: Double) {
        self.snapshot.account = self.snapshot.account.failed(code: code, message: message, at: now)
    }

    /// The cluster was seen without the tag, or is gone: that is an answer, not a failure.
    private mutating func forget(cluster arn: String) {
        guard self.snapshot.clusters.removeValue(forKey: arn) != nil else { return }
        self.snapshot.services = self.snapshot.services.filter { $0.value.clusterARN != arn }
        self.snapshot.tasks = self.snapshot.tasks.filter { $0.value.clusterARN != arn }
        let snapshot = self.snapshot
        self.missing = self.missing.filter { counted in
            snapshot.clusters[counted.key] != nil || snapshot.services[counted.key] != nil
                || snapshot.tasks[counted.key] != nil
        }
    }

    // MARK: Polls of one cluster

    /// Takes what a poll of a cluster found.
    mutating func apply(_ poll: ClusterPoll, now: Double) {
        guard var status = self.snapshot.clusters[poll.clusterARN] else { return }
        if let services = poll.services {
            self.apply(services: services, poll: poll, clusterName: status.name)
        }
        status.isConfirmingLoss = self.apply(
            tasks: poll,
            clusterName: status.name,
            wasConfirmingLoss: status.isConfirmingLoss
        )
        status.poll = status.poll.succeeded(at: now)
        self.snapshot.clusters[poll.clusterARN] = status
    }

    /// A poll of a cluster failed; what it had stays.
    mutating func clusterFailed(_ arn: String, code: String, message: String, now: Double) {
        guard var status = self.snapshot.clusters[arn] else { return }
        status.poll = status.poll.failed(code: code, message: message, at: now)
        self.snapshot.clusters[arn] = status
    }

    /// The tasks that are known in a cluster: a poll asks for these too, to hear how those end that are not listed.
    func knownTasks(in cluster: String) -> Set<String> {
        Set(self.snapshot.tasks.values.lazy.filter { $0.clusterARN == cluster }.map(\.arn))
    }

    /// Takes what an event says of a task: only its states, and only when it is newer than what is known. Whatever else an
    /// event holds comes by polls.
    mutating func apply(event task: ECSTask) -> EventOutcome {
        guard self.snapshot.clusters[task.clusterARN] != nil else { return .ignored }
        guard var known = self.snapshot.tasks[task.arn], known.clusterARN == task.clusterARN else { return .unknown }
        guard let version = task.version, version > known.version else { return .stale }
        known.version = version
        known.lastStatus = task.lastStatus
        known.desiredStatus = task.desiredStatus
        known.health = task.healthStatus.flatMap(ObservedTask.Health.init) ?? known.health
        self.snapshot.tasks[task.arn] = known
        return .applied
    }

    private mutating func apply(services: [ECSService], poll: ClusterPoll, clusterName: String) {
        var present: Set<String> = []
        for service in services {
            let settings = self.reader.settings(service.tags)
            guard service.status != "INACTIVE", settings.isDiscoveryEnabled != false,
                let place = ARN(parsing: service.arn)
            else {
                self.snapshot.services.removeValue(forKey: service.arn)
                continue
            }
            present.insert(service.arn)
            let facts = poll.definitions[service.taskDefinition]
            var observed = ObservedService(
                arn: service.arn,
                name: service.name,
                clusterARN: poll.clusterARN,
                clusterName: clusterName,
                account: place.account,
                region: place.region
            )
            observed.domain = self.configuration.domain
            observed.status = service.status
            observed.desiredCount = service.desiredCount
            observed.runningCount = service.runningCount
            observed.taskDefinitionARN = facts?.arn ?? service.taskDefinition
            observed.settings = settings
            observed.tags = service.tags
            observed.ports = settings.ports ?? facts?.ports ?? []
            observed.isEnrolled = facts?.isEnrolled ?? false
            observed.captureMode = facts?.captureMode
            observed.deploymentIDs = service.deploymentIDs
            self.snapshot.services[service.arn] = observed
        }
        let known = self.snapshot.services.values.filter { $0.clusterARN == poll.clusterARN }.map(\.arn)
        for arn in self.absent(known: known, present: present) {
            self.snapshot.services.removeValue(forKey: arn)
        }
    }

    /// - Returns: whether a loss waits for confirmation.
    private mutating func apply(tasks poll: ClusterPoll, clusterName: String, wasConfirmingLoss: Bool) -> Bool {
        let services = ServiceIndex(self.snapshot.services.values.filter { $0.clusterARN == poll.clusterARN })
        let known = self.knownTasks(in: poll.clusterARN)
        var ended: Set<String> = []
        var excluded: Set<String> = []
        for task in poll.tasks {
            guard let observed = self.observe(task, poll: poll, clusterName: clusterName, services: services) else {
                continue
            }
            let isOptedOut =
                observed.serviceNameSource == .family
                ? observed.settings.isDiscoveryEnabled == false
                : poll.optedOutServices.contains(observed.serviceName)
            if isOptedOut {
                excluded.insert(observed.arn)
                continue
            }
            if observed.isDraining { ended.insert(observed.arn) }
            // A task that nobody knew and that is on its way out is no endpoint.
            guard !observed.isDraining || known.contains(observed.arn) else { continue }
            if let old = self.snapshot.tasks[observed.arn], old.version > observed.version, observed.version > 0 {
                continue
            }
            self.snapshot.tasks[observed.arn] = observed
        }
        for arn in excluded { self.snapshot.tasks.removeValue(forKey: arn) }

        let gone = self.absent(known: known.subtracting(excluded), present: poll.listedTasks.subtracting(ended))
        let silent = gone.filter { !ended.contains($0) }
        let isSuspicious = Double(silent.count) > Double(known.count) * self.configuration.suspiciousLoss
        if isSuspicious && !wasConfirmingLoss {
            // Those that said they stop may go; those that vanished without a word wait for one more poll.
            for arn in gone.subtracting(silent) { self.snapshot.tasks.removeValue(forKey: arn) }
            for arn in silent { self.missing[arn] = Self.absencesUntilGone - 1 }
            return true
        }
        for arn in gone { self.snapshot.tasks.removeValue(forKey: arn) }
        return false
    }

    private func observe(
        _ task: ECSTask,
        poll: ClusterPoll,
        clusterName: String,
        services: ServiceIndex
    ) -> ObservedTask? {
        guard let place = ARN(parsing: task.arn) else { return nil }
        let facts = poll.definitions[task.taskDefinitionARN]
        var observed = ObservedTask(
            arn: task.arn,
            id: task.id,
            clusterARN: poll.clusterARN,
            clusterName: clusterName,
            account: place.account,
            region: place.region
        )
        let family = facts?.family ?? Self.family(ofDefinition: task.taskDefinitionARN)
        let name = services.name(of: task, family: family)
        let service = name.source == .family ? nil : services.byName[name.name]
        observed.serviceName = name.name
        observed.serviceNameSource = name.source
        observed.serviceARN = service?.arn
        observed.family = family
        observed.revision = facts?.revision ?? 0
        observed.taskDefinitionARN = facts?.arn ?? task.taskDefinitionARN
        observed.addresses = task.addresses.compactMap { IPAddress(parsing: $0) }
        observed.availabilityZone = task.availabilityZone
        observed.lastStatus = task.lastStatus
        observed.desiredStatus = task.desiredStatus
        observed.health = task.healthStatus.flatMap(ObservedTask.Health.init) ?? .unknown
        observed.version = task.version ?? 0
        observed.taskRoleARN = task.overriddenTaskRoleARN ?? facts?.taskRoleARN
        // A task on its own has no service to say by tags what it is: its definition does, unless it does itself.
        observed.tags = name.source == .family ? (facts?.tags ?? [:]).merging(task.tags) { $1 } : task.tags
        observed.settings = self.reader.settings(observed.tags)
        observed.settings.network = observed.settings.network ?? self.configuration.network
        // The service's tag is the fresher one: tags reach tasks only when they start.
        observed.ports = service?.settings.ports ?? observed.settings.ports ?? facts?.ports ?? []
        observed.isEnrolled = facts?.isEnrolled ?? false
        observed.captureMode = facts?.captureMode
        observed.startedAt = task.startedAt
        observed.launchType = task.launchType
        return observed
    }

    /// Counts absences and gives those that have been absent long enough.
    private mutating func absent(known: some Sequence<String>, present: Set<String>) -> Set<String> {
        var gone: Set<String> = []
        for arn in known {
            if present.contains(arn) {
                self.missing.removeValue(forKey: arn)
                continue
            }
            let absences = self.missing[arn, default: 0] + 1
            if absences >= Self.absencesUntilGone {
                gone.insert(arn)
                self.missing.removeValue(forKey: arn)
            } else {
                self.missing[arn] = absences
            }
        }
        return gone
    }

    private static func family(ofDefinition name: String) -> String {
        String(ARN.lastPart(name).split(separator: ":").first ?? "")
    }
}

/// What one poll of a cluster found; made only when every call of it worked.
struct ClusterPoll: Sendable {
    var clusterARN: String
    /// `nil` when services were not due.
    var services: [ECSService]?
    /// All tasks that were listed.
    var listedTasks: Set<String>
    /// What DescribeTasks said of those listed and those known before.
    var tasks: [ECSTask]
    /// Facts by the name that services and tasks use for the definition.
    var definitions: [String: DefinitionFacts]
    /// Names of services that opted out by tag.
    var optedOutServices: Set<String>
}

/// Services of one cluster, by what leads from a task to its service.
private struct ServiceIndex {
    var byName: [String: ObservedService] = [:]
    var nameByDeployment: [String: String] = [:]

    init(_ services: [ObservedService]) {
        for service in services {
            self.byName[service.name] = service
            for id in service.deploymentIDs { self.nameByDeployment[id] = service.name }
        }
    }

    func name(of task: ECSTask, family: String) -> (name: String, source: ObservedTask.NameSource) {
        if let name = task.tags["aws:ecs:serviceName"], !name.isEmpty { return (name, .managedTag) }
        if let group = task.group, group.hasPrefix("service:"), group.utf8.count > 8 {
            return (String(group.dropFirst(8)), .group)
        }
        if let name = task.startedBy.flatMap({ self.nameByDeployment[$0] }) { return (name, .deployment) }
        return (family, .family)
    }
}

extension PollStatus {
    func succeeded(at now: Double) -> PollStatus {
        var status = PollStatus()
        status.lastSuccess = now
        status.lastFailure = self.lastFailure
        return status
    }

    func failed(code: String, message: String, at now: Double) -> PollStatus {
        var status = self
        status.lastFailure = now
        status.errorCode = code
        status.errorMessage = message
        status.failuresInARow += 1
        return status
    }
}
