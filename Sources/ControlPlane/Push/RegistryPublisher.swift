package import CertificateAuthority
package import ECSDiscovery
import Foundation
package import Logging
package import MeshCompile
package import MeshConfig
import MeshTelemetry
import Synchronization

/// Takes what the discovery workers see, and publishes what it means for the data planes.
///
/// Changes that come close together go out together: a push waits for 50 ms without news, at most for a second.
package final class RegistryPublisher: Sendable {
    struct State {
        /// The names of the discovery workers there are.
        var workers: Set<String>
        var snapshots: [String: DiscoverySnapshot] = [:]
        /// Declared resources that were not compiled yet.
        var declared: [DeclaredResource]?
        /// Keys for tokens that were not compiled yet.
        var keySets: [KeySource: String]?
        /// Those that were.
        var knownKeySets: [KeySource: String] = [:]
        var keySources: [KeySource] = []
        var isDeclared: Bool
        var news: UInt64 = 0
        var compiler: RegistryCompiler
        var storedAddresses: VIPAllocator
        var isAddressFileBroken = false
        var areClaimsBroken = false
    }

    /// What the debug pages show.
    package struct Overview: Sendable {
        /// All services.
        package var services: [MeshService]
        /// What the owner should mend.
        package var findings: [RegistryFinding]
        /// What is known of declared resources, for those of which something is.
        package var statuses: [ResourceKey: [ResourceCondition]]
        /// What waypoints get, by whose it is.
        package var waypoints: [WaypointIdentity: WaypointResources]
        /// The waypoints that carry out each route.
        package var routeCarriers: [ResourceKey: Set<WaypointIdentity>]
        /// The last good state of every worker, by worker.
        package var snapshots: [String: DiscoverySnapshot]
        /// How many resources were encoded since the start.
        package var encodings: Int
    }

    let store: ResourceStore
    let addressFile: VIPFile
    private let claims: AddressClaims?
    private let zones: ZoneKeeper?
    private let metrics: ControlPlaneMetrics
    let logger: Logger
    private let quiet: Duration
    private let patience: Duration
    /// After this long, a cluster that cannot be read no longer holds up the others.
    let startPatience: Duration
    /// How often claims are read again that nothing is proposed for.
    static let claimsLook = Duration.seconds(600)
    /// How often addresses are claimed at the start; a second apart while the table does not answer.
    static let claimRounds = 60
    let start = ContinuousClock.now
    let started = Date()
    let state: Mutex<State>
    private let signal: AsyncStream<Void>
    let signalling: AsyncStream<Void>.Continuation
    /// Says that other keys for tokens are asked for than before.
    let keySourceNews: AsyncStream<Void>
    private let tellingKeySources: AsyncStream<Void>.Continuation
    /// Says that virtual addresses are proposed that other replicas must agree on.
    let proposalNews: AsyncStream<Void>
    let tellingProposals: AsyncStream<Void>.Continuation

    /// Makes a publisher; `run` does the work.
    ///
    /// - Parameters:
    ///   - workers: the names of the discovery workers; nothing is published before each has looked once.
    ///   - awaitsDeclarations: whether nothing is published before ``declare(_:)`` was called once, as a mesh without its
    ///     policies is an open one.
    ///   - claims: where replicas settle who has which virtual address; nil where there is one only.
    ///   - sessions: what keys of sessions at waypoints are made of; without it no session is kept.
    ///   - quiet: how long no news must come before a push.
    ///   - patience: how long a push waits for that at most.
    ///   - startPatience: how long the first push waits for clusters that cannot be read.
    /// - Throws: `AuthorityError` when the addresses given out before cannot be read.
    package init(
        settings: RegistrySettings,
        workers: Set<String>,
        awaitsDeclarations: Bool = false,
        store: ResourceStore,
        addressFile: VIPFile,
        claims: AddressClaims? = nil,
        sessions: SessionSecrets? = nil,
        zones: ZoneKeeper?,
        metrics: ControlPlaneMetrics,
        quiet: Duration,
        patience: Duration,
        startPatience: Duration = .seconds(60),
        logger: Logger
    ) throws(AuthorityError) {
        self.store = store
        self.addressFile = addressFile
        self.claims = claims
        self.zones = zones
        self.metrics = metrics
        self.logger = logger
        self.quiet = quiet
        self.patience = patience
        self.startPatience = startPatience
        var allocator = try addressFile.load()
        allocator.givesBoth = settings.givesLongAddresses
        self.state = Mutex(
            State(
                workers: workers,
                isDeclared: !awaitsDeclarations,
                compiler: RegistryCompiler(settings: settings, addresses: allocator) { sessions?.keys(for: $0) ?? [] },
                storedAddresses: allocator
            )
        )
        (self.signal, self.signalling) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (self.keySourceNews, self.tellingKeySources) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (self.proposalNews, self.tellingProposals) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says which discovery workers there are from now on. What those saw that are gone is forgotten.
    ///
    /// - Parameter inherited: for new workers, what others before them saw of the same account and region; it stands
    ///   until they have looked.
    package func watch(_ workers: Set<String>, inherited: [String: DiscoverySnapshot] = [:]) {
        self.state.withLock { state in
            state.workers = workers
            state.snapshots.merge(inherited) { $1 }
            state.snapshots = state.snapshots.filter { workers.contains($0.key) }
            state.news += 1
        }
        self.signalling.yield()
    }

    /// Takes a worker's newest state; that of one that is gone is ignored.
    package func observe(_ snapshot: DiscoverySnapshot, of worker: String) {
        let isWatched = self.state.withLock { state in
            guard state.workers.contains(worker) else { return false }
            state.snapshots[worker] = snapshot
            state.news += 1
            return true
        }
        guard isWatched else { return }
        self.metrics.observations.with(worker).add()
        self.signalling.yield()
    }

    /// Takes every declared resource that is in force now.
    package func declare(_ resources: [DeclaredResource]) {
        self.state.withLock { state in
            state.declared = resources
            state.isDeclared = true
            state.news += 1
        }
        self.signalling.yield()
    }

    /// Takes all keys for tokens that are known; those that are known already cost nothing.
    package func supply(_ keySets: [KeySource: String]) {
        let isNew = self.state.withLock { state in
            guard (state.keySets ?? state.knownKeySets) != keySets else { return false }
            state.keySets = keySets
            state.news += 1
            return true
        }
        if isNew { self.signalling.yield() }
    }

    /// Has waypoints seal sessions with other secrets from now on.
    package func seal(with sessions: SessionSecrets) {
        self.state.withLock { state in
            state.compiler.rekey { sessions.keys(for: $0) }
            state.news += 1
        }
        self.signalling.yield()
    }

    /// Where keys for tokens come from that policies ask for.
    package var keySources: [KeySource] { self.state.withLock(\.keySources) }

    /// Publishes until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                // For what waits on time and not on news: the end of the start's patience, a full disk.
                while (try? await Task.sleep(for: .seconds(15))) != nil { self.signalling.yield() }
            }
            if let claims = self.claims { group.addTask { await self.settle(claims) } }
            for await _ in self.signal {
                await self.gather()
                guard !Task.isCancelled else { break }
                if let claims = self.claims { await self.settleFirst(claims) }
                guard !Task.isCancelled else { break }
                self.publish()
            }
            group.cancelAll()
        }
    }

    /// Waits until no news came for a while, or for so long that what there is must go out.
    private func gather() async {
        let start = ContinuousClock.now
        var seen = self.state.withLock { $0.news }
        while ContinuousClock.now - start < self.patience {
            guard (try? await Task.sleep(for: self.quiet)) != nil else { return }
            let news = self.state.withLock { $0.news }
            if news == seen { break }
            seen = news
        }
        self.metrics.debounceTime.observe((ContinuousClock.now - start).seconds)
    }

    private func publish() {
        let start = ContinuousClock.now
        let outcome = self.state.withLock { state -> (CompiledChange, [MeshService], VIPAllocator?)? in
            guard state.isDeclared, self.store.isReady || self.isComplete(state) else { return nil }
            let snapshots = state.snapshots.sorted { $0.key < $1.key }.map(\.value)
            let change = state.compiler.compile(snapshots, resources: state.declared, keySets: state.keySets)
            if state.declared != nil {
                let sources = state.compiler.keySources
                if sources != state.keySources { self.tellingKeySources.yield() }
                state.keySources = sources
            }
            state.declared = nil
            state.knownKeySets = state.keySets ?? state.knownKeySets
            state.keySets = nil
            let allocator = state.compiler.allocator
            let isNew = allocator != state.storedAddresses
            return (change, state.compiler.services.values.sorted { $0.key < $1.key }, isNew ? allocator : nil)
        }
        guard let (change, services, allocator) = outcome else { return }
        if self.claims != nil, self.state.withLock({ !$0.compiler.allocator.proposals.isEmpty }) {
            self.tellingProposals.yield()
        }
        // Addresses reach the disk before they reach anyone else.
        if let allocator { self.keep(allocator) }
        let isFirst = !self.store.isReady
        self.store.publish(change)
        self.zones?.update(services)
        self.metrics.compileTime.observe((ContinuousClock.now - start).seconds)
        self.metrics.services.set(Int64(services.count))
        if isFirst || !change.isEmpty {
            self.logger.info(
                isFirst ? "registry complete" : "registry changed",
                metadata: [
                    "registry.changed": "\(change.addresses.changed.count)",
                    "registry.removed": "\(change.addresses.removed.count)",
                    "registry.policies.changed": "\(change.policies.changed.count)",
                    "registry.policies.removed": "\(change.policies.removed.count)",
                    "registry.services": "\(services.count)",
                ]
            )
        }
    }

    /// Whether all was looked at, or the start has waited long enough for what can't be read: an account that denies us
    /// must not keep the mesh of the others down. While none can be read, nothing is said.
    func isComplete(_ state: State) -> Bool {
        let snapshots = state.workers.map { state.snapshots[$0] }
        if snapshots.allSatisfy({ $0?.isSettled == true }) { return true }
        return ContinuousClock.now - self.start > self.startPatience
            && snapshots.allSatisfy { $0?.account.lastSuccess != nil || $0?.failure != nil }
            && snapshots.contains { $0?.account.lastSuccess != nil || $0?.isSettled == true }
    }

    /// What is known now.
    package var overview: Overview {
        self.state.withLock { state in
            Overview(
                services: state.compiler.services.values.sorted { $0.key < $1.key },
                findings: state.compiler.findings,
                statuses: state.compiler.statuses,
                waypoints: state.compiler.waypointResources,
                routeCarriers: state.compiler.routeCarriers,
                snapshots: state.snapshots,
                encodings: state.compiler.encodings
            )
        }
    }
}

extension Duration {
    /// Seconds as a number with a fraction, for metrics.
    var seconds: Double {
        Double(self.components.seconds) + Double(self.components.attoseconds) * 1e-18
    }
}
