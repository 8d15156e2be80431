package import AWSClient
package import Logging

/// Takes the events of one queue for as long as it runs. Polling goes on beside it, so that a lost event costs time only.
package final class EventQueue: Sendable {
    private let queue: QueueClient
    private let name: String
    private let logger: Logger
    private let count: @Sendable (EventOutcome) -> Void
    private let take: @Sendable (ECSTask) -> EventOutcome
    private let relay: @Sendable ([String]) async -> Void

    private static let longestPause = Duration.seconds(30)

    /// - Parameters:
    ///   - name: for the log.
    ///   - count: told of each message.
    ///   - take: applies a task's state before it returns; its message is deleted after that.
    ///   - relay: given the texts of the messages that told something new, before they are deleted.
    package init(
        _ queue: QueueClient,
        name: String,
        logger: Logger,
        count: @escaping @Sendable (EventOutcome) -> Void,
        take: @escaping @Sendable (ECSTask) -> EventOutcome,
        relay: @escaping @Sendable ([String]) async -> Void = { _ in }
    ) {
        self.queue = queue
        self.name = name
        self.logger = logger
        self.count = count
        self.take = take
        self.relay = relay
    }

    /// Receives until cancelled; after a failure it pauses, up to 30 s.
    package func run() async {
        var failures = 0
        while !Task.isCancelled {
            do {
                let messages = try await self.queue.receive()
                var news: [String] = []
                for message in messages {
                    let outcome = self.outcome(of: message)
                    self.count(outcome)
                    if outcome == .applied || outcome == .unknown { news.append(message.body) }
                }
                if !news.isEmpty { await self.relay(news) }
                if !messages.isEmpty { try await self.queue.delete(messages) }
                if failures > 0 { self.logger.info("events come again", metadata: ["queue": "\(self.name)"]) }
                failures = 0
            } catch {
                guard !Task.isCancelled else { return }
                failures += 1
                if failures == 1 {
                    self.logger.warning(
                        "events cannot be received, polls go on",
                        metadata: ["queue": "\(self.name)", "error": "\(error)"]
                    )
                }
                let pause = min(Duration.seconds(1 << min(failures - 1, 5)), Self.longestPause)
                guard (try? await Task.sleep(for: pause * Double.random(in: 0.5...1))) != nil else { return }
            }
        }
    }

    private func outcome(of message: QueueClient.Message) -> EventOutcome {
        switch TaskEvent(message.body) {
        case .task(let task): self.take(task)
        case .other: .ignored
        case .malformed: .malformed
        }
    }
}
