package import Foundation
import Synchronization

/// The stream of container events: those of the last while, and those to come.
package final class ContainerEvents: Sendable {
    /// How many past events are kept for `since`, as Docker does.
    package static let kept = 256
    /// How many events a slow reader may fall behind; it then loses the oldest.
    private static let backlog = 4096

    private struct State {
        var past: [ContainerEvent] = []
        var readers: [Int: AsyncStream<ContainerEvent>.Continuation] = [:]
        var nextReader = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes in events and hands them to all readers.
    package func add(_ events: [ContainerEvent]) {
        guard !events.isEmpty else { return }
        self.state.withLock { state in
            state.past.append(contentsOf: events)
            if state.past.count > Self.kept { state.past.removeFirst(state.past.count - Self.kept) }
            for event in events {
                for reader in state.readers.values { reader.yield(event) }
            }
        }
    }

    /// Lines for a reader: kept events since a time (nanoseconds; nil for none), then what happens, until a time.
    ///
    /// No event is lost or told twice between the two parts.
    package func lines(matching filters: ContainerFilters, since: Int64?, until: Int64?) -> AsyncStream<Data> {
        let (events, continuation) = AsyncStream.makeStream(
            of: ContainerEvent.self,
            bufferingPolicy: .bufferingNewest(Self.backlog)
        )
        let identifier = self.state.withLock { state in
            if let since {
                for event in state.past where event.time >= since { continuation.yield(event) }
            }
            let identifier = state.nextReader
            state.nextReader += 1
            state.readers[identifier] = continuation
            return identifier
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.readers.removeValue(forKey: identifier) }
        }
        return AsyncStream { lines in
            let reader = Task {
                for await event in events {
                    if let until, event.time > until { break }
                    if filters.match(event) { lines.yield(event.line) }
                }
                lines.finish()
            }
            let timer = until.map { until in
                Task {
                    let left = Duration.nanoseconds(max(0, until - Self.now))
                    try? await Task.sleep(for: left)
                    continuation.finish()
                }
            }
            lines.onTermination = { _ in
                reader.cancel()
                timer?.cancel()
                continuation.finish()
            }
        }
    }

    /// Ends all readers' streams.
    package func finish() {
        let readers = self.state.withLock { Array($0.readers.values) }
        for reader in readers { reader.finish() }
    }

    /// Now, in nanoseconds since the epoch.
    package static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000_000) }
}
