package import AWSClient

/// Who does a work that only one replica may do. Pure: time comes in, what to do comes out.
///
/// The item `lease`/<work> names its holder and has a counter, which the holder raises every 2 s. Clocks of replicas are
/// never compared: who wants the lease waits until it has seen the same counter for 6 s of its own clock, and the holder
/// stops working when its last write was sent 5 s ago. It was sent before anyone could see it, so the work has stopped a
/// second before another can begin.
package struct Lease: Sendable, Hashable {
    /// How long a holder may work after it sent a write that was taken.
    package static let work = Duration.seconds(5)
    /// How long a counter must stand still before another replica takes over.
    package static let patience = Duration.seconds(6)
    /// Between two writes of a holder.
    package static let renewal = Duration.seconds(2)
    /// Before a holder tries again what failed.
    package static let retry = Duration.milliseconds(500)
    /// Between two looks of those that wait.
    package static let look = Duration.seconds(1)

    /// What the table says.
    package struct Record: Sendable, Hashable {
        /// The replica that works; empty after one that gave it back.
        package var holder: String
        /// Raised with each write.
        package var counter: Int64

        /// Makes a record.
        package init(holder: String, counter: Int64) {
            self.holder = holder
            self.counter = counter
        }
    }

    /// A write, and what it stands on.
    package struct Move: Sendable, Hashable {
        /// What is there, if the write is to be taken; nil for nothing.
        package var from: Record?
        /// What is there afterwards.
        package var to: Record
    }

    /// The work, which is the key of the lease's item.
    package let name: String
    /// Us; no two processes have the same name, those of one host not either.
    package let replica: String
    /// What the table said last.
    package private(set) var record: Record?
    /// Since when it says so, as far as we have seen.
    private var since: ContinuousClock.Instant?
    /// Until when we may work.
    private var until: ContinuousClock.Instant?

    /// A lease that nothing is known of.
    package init(name: String, replica: String) {
        self.name = name
        self.replica = replica
    }

    /// Until when we may work; nil when we may not.
    package func held(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        self.until.flatMap { now < $0 ? $0 : nil }
    }

    /// Whether a look at the table must come before a move: the holder knows what it wrote.
    package var needsLook: Bool { self.until == nil }

    /// The table was read.
    package mutating func saw(_ record: Record?, at now: ContinuousClock.Instant) {
        if self.record != record || self.since == nil { self.since = now }
        self.record = record
    }

    /// What to write now; nil while another works.
    package func move(at now: ContinuousClock.Instant) -> Move? {
        guard let record = self.record else { return Move(from: nil, to: Record(holder: self.replica, counter: 1)) }
        let isFree =
            record.holder.isEmpty || record.holder == self.replica
            || self.since.map { now - $0 >= Self.patience } == true
        guard isFree else { return nil }
        return Move(from: record, to: Record(holder: self.replica, counter: record.counter + 1))
    }

    /// A move was taken.
    ///
    /// - Parameter sent: when it was sent, before anyone could see it.
    package mutating func took(_ move: Move, sent: ContinuousClock.Instant) {
        self.record = move.to
        self.since = sent
        self.until = move.to.holder == self.replica ? sent + Self.work : nil
    }

    /// A move was refused, as the table says something else than we thought: we must look before we try again. Should it
    /// be an earlier write of ours whose answer was lost, we may work on for as long as we could before.
    package mutating func refused(at now: ContinuousClock.Instant, _ found: Record?) {
        self.saw(found, at: now)
        if found?.holder != self.replica { self.until = nil }
    }

    /// The move that gives it back; nil when we have it not.
    package func release(at now: ContinuousClock.Instant) -> Move? {
        guard self.held(at: now) != nil, let record = self.record else { return nil }
        return Move(from: record, to: Record(holder: "", counter: record.counter + 1))
    }

    /// How long to wait before the next look or move.
    ///
    /// - Parameter isSound: whether the last one was answered and taken; else there is no time to lose.
    package func pause(at now: ContinuousClock.Instant, isSound: Bool) -> Duration {
        guard self.held(at: now) != nil else { return Self.look }
        return isSound ? Self.renewal : Self.retry
    }

    /// Forgets a time that has passed, so that we look before we claim again.
    package mutating func expire(at now: ContinuousClock.Instant) {
        if let until = self.until, now >= until { self.until = nil }
    }
}

extension Lease.Move {
    /// The move as a write of the table.
    package func write(of name: String) -> TableWrite {
        let item = TableItem(TableKey("lease", name), self.to.fields)
        return .put(item, if: self.from.map { .equal($0.fields) } ?? .absent)
    }
}

extension Lease.Record {
    /// Reads an item of the table; nil for one that nobody of us wrote.
    package init?(_ item: TableItem) {
        guard let holder = item["holder"]?.string, let counter = item["counter"]?.number else { return nil }
        self.init(holder: holder, counter: counter)
    }

    fileprivate var fields: [String: TableValue] {
        ["holder": .string(self.holder), "counter": .number(self.counter)]
    }
}
