package import AWSClient
import Foundation
package import Logging
import Synchronization

/// Watches ECS in one account and region: clusters, their services, their tasks.
///
/// Polls, within the client's request budgets. What fails keeps its last good state and says so in its status.
package final class DiscoveryWorker: Sendable {
    /// Snapshots as they change; a slow reader gets the newest and misses what was between. For one reader.
    package let snapshots: AsyncStream<DiscoverySnapshot>

    private let configuration: DiscoveryConfiguration
    private let logger: Logger
    private let first: DiscoveryRound
    /// What it takes to poll before the time.
    private struct Haste {
        /// The pause that runs.
        var pause: Task<Void, Never>?
        /// Whether a poll was asked for while there was no pause.
        var isAsked = false
    }

    private let haste = Mutex(Haste())
    /// Polls that were asked for come no closer than this.
    private static let shortestPause = Duration.seconds(1)
    private let latest = Mutex(DiscoverySnapshot())
    private let continuation: AsyncStream<DiscoverySnapshot>.Continuation

    /// A worker that does nothing before `run()`.
    ///
    /// - Parameters:
    ///   - client: acts in the account to watch.
    ///   - configuration: what to watch and how often.
    ///   - lastGood: what a worker before this one knew of the same account and region.
    ///   - now: seconds since the epoch, for statuses.
    ///   - logger: where changes of status are told.
    package init(
        client: AWSClient,
        configuration: DiscoveryConfiguration,
        lastGood: DiscoverySnapshot? = nil,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        logger: Logger
    ) {
        self.configuration = configuration
        self.first = DiscoveryRound(client: client, configuration: configuration, lastGood: lastGood, now: now)
        self.logger = logger
        (self.snapshots, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The newest snapshot, statuses included.
    package var snapshot: DiscoverySnapshot { self.latest.withLock { $0 } }

    /// Polls until the task is cancelled, then ends the stream.
    package func run() async {
        defer { self.continuation.finish() }
        var round = self.first
        while !Task.isCancelled {
            await round.poll()
            if Task.isCancelled { return }
            self.publish()
            // Workers of many accounts must not poll in step, and nothing may take longer to be seen than the interval.
            let pause = self.pause(failures: round.failuresInARow) * Double.random(in: 0.8...0.95)
            await self.rest(pause, mayHasten: round.failuresInARow == 0)
        }
    }

    /// Waits, or until an event asks for a poll.
    private func rest(_ pause: Duration, mayHasten: Bool) async {
        let shortest = min(pause, Self.shortestPause)
        guard (try? await Task.sleep(for: shortest)) != nil else { return }
        let sleep = Task<Void, Never> { try? await Task.sleep(for: pause - shortest) }
        let isAsked = self.haste.withLock { haste in
            defer { haste.isAsked = false }
            if mayHasten, !haste.isAsked { haste.pause = sleep }
            return haste.isAsked && mayHasten
        }
        if isAsked { sleep.cancel() }
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
        self.haste.withLock { $0.pause = nil }
    }

    private func hasten() {
        self.haste.withLock { haste in
            haste.isAsked = haste.pause == nil
            haste.pause?.cancel()
        }
    }

    /// Takes what an event says of a task, and publishes it at once.
    package func take(_ task: ECSTask) -> EventOutcome {
        let outcome = self.first.shared.change { $0.apply(event: task) }
        switch outcome {
        case .applied:
            self.publish()
            // One that starts may have got its address since.
            if task.desiredStatus == "RUNNING" { self.hasten() }
        case .unknown:
            if task.desiredStatus == "RUNNING" { self.hasten() }
        case .stale, .ignored, .malformed: break
        }
        return outcome
    }

    /// The interval, doubled with each failure after the first: who denies or throttles us is not asked all the time.
    private func pause(failures: Int) -> Duration {
        let interval = self.configuration.taskInterval
        let doubled = interval * (1 << min(max(failures - 1, 0), 6))
        return max(interval, min(doubled, self.configuration.longestPause))
    }

    private func publish() {
        let (published, last) = self.latest.withLock { latest in
            // Read under the lock, so that what is published last is the newest.
            var next = self.first.shared.value.snapshot
            let last = latest
            let hasChanged = last.generation == 0 || !next.says(theSameAs: last)
            next.generation = last.generation + (hasChanged ? 1 : 0)
            latest = next
            if hasChanged { self.continuation.yield(next) }
            return (hasChanged ? next : nil, last)
        }
        guard let published else { return }
        self.log(published, after: last)
    }

    /// Tells failures when they begin, change and end, not at each poll.
    private func log(_ next: DiscoverySnapshot, after last: DiscoverySnapshot) {
        var pairs = [("account", last.account, next.account)]
        for (arn, status) in next.clusters.sorted(by: { $0.key < $1.key }) {
            pairs.append((status.name, last.clusters[arn]?.poll ?? PollStatus(), status.poll))
        }
        for (name, before, after) in pairs where before.errorCode != after.errorCode {
            if let code = after.errorCode {
                self.logger.warning(
                    "discovery fails, the last good state stands",
                    metadata: [
                        "discovery.scope": "\(name)", "error.code": "\(code)",
                        "error.message": "\(after.errorMessage ?? "")",
                    ]
                )
            } else {
                self.logger.info("discovery works again", metadata: ["discovery.scope": "\(name)"])
            }
        }
    }
}

extension DiscoverySnapshot {
    /// Whether all but generation and times of polls is equal.
    fileprivate func says(theSameAs other: DiscoverySnapshot) -> Bool {
        func standing(_ snapshot: DiscoverySnapshot) -> DiscoverySnapshot {
            var standing = snapshot
            standing.generation = 0
            standing.account = snapshot.account.standing
            standing.clusters = snapshot.clusters.mapValues { status in
                var status = status
                status.poll = status.poll.standing
                return status
            }
            return standing
        }
        return standing(self) == standing(other)
    }
}

extension PollStatus {
    /// Without times and counts: whether it ever worked, and what stands against it.
    fileprivate var standing: PollStatus {
        var status = PollStatus()
        status.lastSuccess = self.lastSuccess.map { _ in 0 }
        status.errorCode = self.errorCode
        return status
    }
}
