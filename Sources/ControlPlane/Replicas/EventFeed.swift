package import AWSClient
package import ECSDiscovery
import Foundation
package import Logging
import Synchronization

/// Hands on what one replica reads of the queues of events, as a message comes to one reader only: as items
/// `event`/<number>, which all replicas read once a second. `head`/`event` has the last number.
///
/// What gets lost here costs time only, as polls go on.
package final class EventFeed: Sendable {
    /// How long an event may be read, in seconds; DynamoDB removes it some time after that.
    private static let life: Int64 = 3_600
    /// Between two looks.
    private static let look = Duration.seconds(1)
    /// The most events of one look, and of one transaction.
    private static let page = 50
    /// The most bytes of one event, and of one transaction.
    private static let bytes = (event: 390_000, transaction: 3_000_000)
    /// So many looks without an event, and the last number is asked for: the table may have been made anew.
    private static let patience = 60
    private static let head = TableKey("head", "event")

    private let table: any ReplicaTable
    private let logger: Logger
    private let count: @Sendable (EventOutcome) -> Void
    private let take: @Sendable (ECSTask) -> EventOutcome
    private let turns = Turns()
    private let isBroken = Mutex(false)

    /// Makes a feed; `follow` reads it.
    ///
    /// - Parameters:
    ///   - count: told of each event that is read, our own too.
    ///   - take: applies a task's state; one that is known already does no harm.
    package init(
        table: any ReplicaTable,
        logger: Logger,
        count: @escaping @Sendable (EventOutcome) -> Void,
        take: @escaping @Sendable (ECSTask) -> EventOutcome
    ) {
        self.table = table.within(.seconds(3))
        self.logger = logger
        self.count = count
        self.take = take
    }

    /// Hands on the texts of events. What the table does not take is left to the polls.
    package func relay(_ texts: [String]) async {
        var rest = texts.filter { $0.utf8.count <= Self.bytes.event }[...]
        do {
            while !rest.isEmpty {
                var bytes = 0
                let batch = Array(
                    rest.prefix(Self.page).prefix { text in
                        bytes += text.utf8.count
                        return bytes <= Self.bytes.transaction
                    }
                )
                rest = rest.dropFirst(batch.count)
                try await self.turns.take { try await self.write(batch) }
            }
            self.note(nil)
        } catch {
            self.note("\(error)")
        }
    }

    private func write(_ texts: [String]) async throws {
        // Two replicas write for as long as it takes to hand over the lease, hence the second attempt.
        for _ in 0..<3 {
            let last = try await self.last()
            let until = Int64(Date().timeIntervalSince1970) + Self.life
            let new = last + Int64(texts.count)
            let head = TableWrite.put(
                TableItem(Self.head, ["number": .number(new)]),
                if: last == 0 ? .absent : .equal(["number": .number(last)])
            )
            let events = texts.enumerated().map { index, text in
                TableWrite.put(
                    TableItem(
                        TableKey("event", Self.sort(last + Int64(index) + 1)),
                        ["text": .string(text), "ttl": .number(until)]
                    )
                )
            }
            if try await self.table.write([head] + events) == .done { return }
        }
    }

    /// Reads events until cancelled, from those on that come after the start: what was before, a poll sees.
    package func follow() async {
        var cursor: String?
        var quiet = 0
        while !Task.isCancelled {
            var isFull = false
            do {
                if cursor == nil || quiet >= Self.patience {
                    let last = Self.sort(try await self.last())
                    cursor = min(cursor ?? last, last)
                    quiet = 0
                }
                let items = try await self.table.items(in: "event", after: cursor, limit: Self.page)
                for item in items { self.take(item) }
                cursor = items.last?.key.sort ?? cursor
                quiet = items.isEmpty ? quiet + 1 : 0
                isFull = items.count == Self.page
                self.note(nil)
            } catch {
                guard !Task.isCancelled else { return }
                self.note("\(error)")
            }
            if !isFull { guard (try? await Task.sleep(for: Self.look)) != nil else { return } }
        }
    }

    private func take(_ item: TableItem) {
        switch item["text"]?.string.map(TaskEvent.init) {
        case .task(let task): self.count(self.take(task))
        case .other: self.count(.ignored)
        case .malformed, nil: self.count(.malformed)
        }
    }

    private func last() async throws -> Int64 {
        try await self.table.get(Self.head)?["number"]?.number ?? 0
    }

    /// In the order of numbers when sorted as text.
    private static func sort(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 19 - digits.utf8.count)) + digits
    }

    private func note(_ error: String?) {
        let wasBroken = self.isBroken.withLock { isBroken in
            defer { isBroken = error != nil }
            return isBroken
        }
        guard let error, !wasBroken else { return }
        self.logger.warning("events do not reach other replicas, polls go on", metadata: ["error": "\(error)"])
    }
}
