package import AWSClient
package import ECSDiscovery
package import Logging
import Synchronization

/// One discovery worker for each account and region of the plan, started and stopped as the plan changes.
///
/// Each polls with its own request budgets and pauses, so that an account that denies or throttles us holds up nobody
/// else, and keeps what it knew.
package final class DiscoveryFleet: Sendable {
    /// A worker and what it watches.
    package struct Member: Sendable {
        /// What it watches.
        package var place: AccountPlan.Place
        /// Its newest state, with times of polls.
        package var snapshot: DiscoverySnapshot
    }

    /// Of one worker from its start to its end.
    private final class Post: Sendable {
        let place: AccountPlan.Place
        let worker: DiscoveryWorker
        let lastGood: DiscoverySnapshot?
        let stopped: AsyncStream<Void>
        let stopping: AsyncStream<Void>.Continuation
        /// What is in its file: the worker's count of publications, and when it had last read something.
        let kept = Mutex<(generation: UInt64, seen: Double)>((0, 0))

        init(_ place: AccountPlan.Place, _ worker: DiscoveryWorker, lastGood: DiscoverySnapshot?) {
            self.place = place
            self.worker = worker
            self.lastGood = lastGood
            (self.stopped, self.stopping) = AsyncStream.makeStream()
        }

        /// The newest state; before the first poll, that of the worker before it.
        var snapshot: DiscoverySnapshot {
            let own = self.worker.snapshot
            return own.generation == 0 ? self.lastGood ?? own : own
        }

        /// The account that it is in, if that was configured or could be found out.
        var account: String? {
            self.place.account ?? self.snapshot.clusters.keys.lazy.compactMap { ARN(parsing: $0)?.account }.first
        }
    }

    private struct State {
        var posts: [String: Post] = [:]
        var waiting: [Post] = []
        var clients: [AssumedRole: AWSClient] = [:]
    }

    /// Changes since the last writing are lost when the process is killed.
    private static let keepingPause = Duration.seconds(10)
    /// So much older than what it tells may a file be that says the same, in seconds.
    private static let keptAgeStep: Double = 600

    private let client: AWSClient
    private let publisher: RegistryPublisher
    private let files: SnapshotFiles?
    private let logger: Logger
    private let state = Mutex(State())
    private let signal: AsyncStream<Void>
    private let signalling: AsyncStream<Void>.Continuation

    /// Makes a fleet without workers; ``follow(_:)`` says which, `run` runs them.
    ///
    /// - Parameters:
    ///   - client: acts with our own credentials, and takes on the plan's roles.
    ///   - files: where what workers see outlives a restart; nil for nowhere.
    package init(client: AWSClient, publisher: RegistryPublisher, files: SnapshotFiles? = nil, logger: Logger) {
        self.client = client
        self.publisher = publisher
        self.files = files
        self.logger = logger
        (self.signal, self.signalling) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Starts the workers that are new in the plan and stops those that it no longer has.
    ///
    /// A worker whose settings changed is replaced by one that starts from what it knew: its tasks stand until they were
    /// looked for anew. So does one of the same account and region under another name.
    package func follow(_ plan: AccountPlan) {
        let places = Dictionary(plan.places.map { ($0.name, $0) }) { first, _ in first }
        let running = self.state.withLock { Set($0.posts.keys) }
        let restored = places.filter { !running.contains($0.key) }.compactMapValues { self.files?.load($0) }
        let inherited = self.state.withLock { state -> [String: DiscoverySnapshot] in
            let leaving = state.posts.filter { places[$0.key] != $0.value.place }
            for post in leaving.values {
                post.stopping.finish()
                state.posts[post.place.name] = nil
            }
            var inherited: [String: DiscoverySnapshot] = [:]
            for (name, place) in places.sorted(by: { $0.key < $1.key }) where state.posts[name] == nil {
                let heirs = leaving.values.filter { $0.place.region == place.region }
                let before =
                    heirs.first { $0.place.name == name && $0.account == place.account }
                    ?? heirs.first { place.account == nil || $0.account == place.account }
                var lastGood = before?.snapshot ?? restored[name]
                lastGood?.namespaces = place.configuration.namespaces
                let worker = DiscoveryWorker(
                    client: self.client(place.role, &state),
                    configuration: place.configuration,
                    lastGood: lastGood,
                    logger: self.logger
                )
                let post = Post(place, worker, lastGood: lastGood)
                state.posts[name] = post
                state.waiting.append(post)
                inherited[name] = lastGood
            }
            let roles = Set(places.values.compactMap(\.role))
            state.clients = state.clients.filter { roles.contains($0.key) }
            return inherited
        }
        self.publisher.watch(Set(places.keys), inherited: inherited)
        self.files?.retain(places.keys)
        self.signalling.yield()
    }

    /// The client that acts as a role; that of our own credentials for nil.
    package func client(_ role: AssumedRole?) -> AWSClient {
        self.state.withLock { self.client(role, &$0) }
    }

    private func client(_ role: AssumedRole?, _ state: inout State) -> AWSClient {
        guard let role else { return self.client }
        if let known = state.clients[role] { return known }
        let client = self.client.assuming(role)
        state.clients[role] = client
        return client
    }

    /// Gives a task's state to the workers that watch its account and region.
    package func take(_ task: ECSTask) -> EventOutcome {
        guard let place = ARN(parsing: task.arn) else { return .malformed }
        let posts = self.state.withLock { state in
            state.posts.values.filter { $0.place.region == place.region && $0.account == place.account }
        }
        let outcomes = posts.map { $0.worker.take(task) }
        let order: [EventOutcome] = [.applied, .unknown, .stale]
        return order.first { outcomes.contains($0) } ?? .ignored
    }

    /// The workers by name, with their newest states.
    package var members: [Member] {
        let posts = self.state.withLock { $0.posts.values.sorted { $0.place.name < $1.place.name } }
        return posts.map { Member(place: $0.place, snapshot: $0.snapshot) }
    }

    /// Runs workers until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            if let files = self.files { group.addTask { await self.keep(files) } }
            for await _ in self.signal {
                let starting = self.state.withLock { state in
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for post in starting {
                    group.addTask { await self.serve(post) }
                }
            }
            group.cancelAll()
        }
    }

    /// Keeps what changed until cancelled, and then once more.
    private func keep(_ files: SnapshotFiles) async {
        var pause = Self.keepingPause
        while (try? await Task.sleep(for: pause)) != nil {
            let start = ContinuousClock.now
            self.store(files)
            // A large mesh that changes all the time must not keep us busy with writing.
            pause = max(Self.keepingPause, (ContinuousClock.now - start) * 20)
        }
        self.store(files)
    }

    private func store(_ files: SnapshotFiles) {
        for post in self.state.withLock({ Array($0.posts.values) }) {
            let snapshot = post.worker.snapshot
            let times = snapshot.clusters.values.map(\.poll.lastSuccess) + [snapshot.account.lastSuccess]
            let seen = times.compactMap(\.self).max() ?? 0
            let kept = post.kept.withLock { $0 }
            let isNews = snapshot.generation != kept.generation || seen - kept.seen > Self.keptAgeStep
            guard isNews, snapshot.generation > 0, files.store(snapshot, of: post.place.name) else { continue }
            post.kept.withLock { $0 = (snapshot.generation, seen) }
        }
    }

    private func serve(_ post: Post) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await post.worker.run() }
            group.addTask {
                for await snapshot in post.worker.snapshots {
                    // One that was replaced has nothing more to say.
                    let isCurrent = self.state.withLock { $0.posts[post.place.name] === post }
                    if isCurrent { self.publisher.observe(snapshot, of: post.place.name) }
                }
            }
            group.addTask { for await _ in post.stopped {} }
            await group.next()
            group.cancelAll()
        }
    }
}
