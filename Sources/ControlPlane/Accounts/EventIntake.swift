import AWSClient
import ECSDiscovery
package import Logging
import MeshTelemetry
import Synchronization

/// One reader for each queue of events in the plan, started and stopped as the plan changes. What they read goes to the
/// fleet's workers.
package final class EventIntake: Sendable {
    private struct State {
        var queues: Set<AccountPlan.Queue> = []
        /// Wakes the run that is under way.
        var signalling: AsyncStream<Void>.Continuation?
    }

    private let fleet: DiscoveryFleet
    private let feed: EventFeed?
    private let metrics: ControlPlaneMetrics
    private let logger: Logger
    private let state = Mutex(State())

    /// Makes an intake without queues; ``follow(_:)`` says which, `run` reads them.
    ///
    /// - Parameter feed: hands on what was read to other replicas; nil where there are none.
    package init(fleet: DiscoveryFleet, feed: EventFeed? = nil, metrics: ControlPlaneMetrics, logger: Logger) {
        self.fleet = fleet
        self.feed = feed
        self.metrics = metrics
        self.logger = logger
    }

    /// Reads the plan's queues from now on, and no others.
    package func follow(_ plan: AccountPlan) {
        let signalling = self.state.withLock { state in
            state.queues = Set(plan.queues)
            return state.signalling
        }
        signalling?.yield()
    }

    /// Reads until cancelled; may be run again then, by one caller at a time.
    package func run() async {
        let (signal, signalling) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.state.withLock { $0.signalling = signalling }
        signalling.yield()
        await withDiscardingTaskGroup { group in
            var running: [AccountPlan.Queue: AsyncStream<Void>.Continuation] = [:]
            for await _ in signal {
                let queues = self.state.withLock(\.queues)
                for (queue, stopping) in running where !queues.contains(queue) {
                    stopping.finish()
                    running[queue] = nil
                }
                for queue in queues where running[queue] == nil {
                    let (stopped, stopping) = AsyncStream<Void>.makeStream()
                    running[queue] = stopping
                    group.addTask { await self.read(queue, until: stopped) }
                }
            }
            group.cancelAll()
        }
    }

    private func read(_ queue: AccountPlan.Queue, until stopped: AsyncStream<Void>) async {
        let client = QueueClient(client: self.fleet.client(queue.role), url: queue.url, region: queue.region)
        let reader = EventQueue(
            client,
            name: queue.url,
            logger: self.logger,
            count: { self.metrics.events.with($0.rawValue).add() },
            take: { self.fleet.take($0) },
            relay: { await self.feed?.relay($0) }
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            group.addTask { for await _ in stopped {} }
            await group.next()
            group.cancelAll()
        }
    }
}
