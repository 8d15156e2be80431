import AWSClient
import ECSDiscovery
package import Logging
import MeshTelemetry
import Synchronization

/// One reader for each queue of events in the plan, started and stopped as the plan changes. What they read goes to the
/// fleet's workers.
package final class EventIntake: Sendable {
    private struct State {
        var running: [AccountPlan.Queue: AsyncStream<Void>.Continuation] = [:]
        var waiting: [(queue: AccountPlan.Queue, stopped: AsyncStream<Void>)] = []
    }

    private let fleet: DiscoveryFleet
    private let metrics: ControlPlaneMetrics
    private let logger: Logger
    private let state = Mutex(State())
    private let signal: AsyncStream<Void>
    private let signalling: AsyncStream<Void>.Continuation

    /// Makes an intake without queues; ``follow(_:)`` says which, `run` reads them.
    package init(fleet: DiscoveryFleet, metrics: ControlPlaneMetrics, logger: Logger) {
        self.fleet = fleet
        self.metrics = metrics
        self.logger = logger
        (self.signal, self.signalling) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Reads the plan's queues from now on, and no others.
    package func follow(_ plan: AccountPlan) {
        let queues = Set(plan.queues)
        self.state.withLock { state in
            for (queue, stopping) in state.running where !queues.contains(queue) {
                stopping.finish()
                state.running[queue] = nil
            }
            for queue in queues where state.running[queue] == nil {
                let (stopped, stopping) = AsyncStream<Void>.makeStream()
                state.running[queue] = stopping
                state.waiting.append((queue, stopped))
            }
        }
        self.signalling.yield()
    }

    /// Reads until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in self.signal {
                let starting = self.state.withLock { state in
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for (queue, stopped) in starting {
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
            take: { self.fleet.take($0) }
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            group.addTask { for await _ in stopped {} }
            await group.next()
            group.cancelAll()
        }
    }
}
