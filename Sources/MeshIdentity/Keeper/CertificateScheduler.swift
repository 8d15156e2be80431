/// Decides which certificate is fetched when, for any number of identities. Pure: no clock, no chance, no transport.
///
/// The rules are Istio ztunnel's: one fetch per identity however many ask, a few at once in all, the urgent ones first,
/// renewal at half of the life, and a backoff per identity. Renewals are spread besides, see ``RotationSchedule``.
///
/// Whoever uses it calls ``next(now:)`` until nothing is left to begin, reports each fetch with ``succeeded`` or
/// ``failed``, and comes back after ``wait(now:)``.
package struct CertificateScheduler<Key: Hashable & Sendable>: Sendable {
    /// A fetch that has begun.
    package struct Ticket: Sendable, Hashable {
        /// What is fetched.
        package let key: Key
        /// Differs in each fetch, so that a late answer isn't taken for a newer one.
        package let number: UInt64
    }

    private enum State: Sendable {
        case waiting(Due)
        case fetching(UInt64)
    }

    private struct Entry: Sendable {
        var state: State
        var priority: CertificatePriority
        var schedule: RotationSchedule
        /// End of the certificate that is held, in seconds since 1970.
        var expiry: Int64?
        /// Among equals, who came first.
        var order: UInt64
    }

    /// The numbers in use.
    package let limits: CertificateKeeperLimits
    private var entries: [Key: Entry] = [:]
    private var counter: UInt64 = 0
    /// Fetches under way.
    package private(set) var fetching = 0

    package init(limits: CertificateKeeperLimits = CertificateKeeperLimits()) {
        self.limits = limits
    }

    /// Identities that are kept.
    package var count: Int { self.entries.count }

    /// Failures of a key since its last success; 0 for one that isn't kept.
    package func failures(of key: Key) -> Int { self.entries[key]?.schedule.failures ?? 0 }

    /// Keeps a certificate from now on. One that is kept already only becomes more urgent, if that.
    ///
    /// More urgent means earlier among those that are due: a backoff isn't cut short, or a failing authority would be
    /// asked at the pace of the mesh's connections.
    /// - Returns: false when so many are kept that this one can't be.
    package mutating func want(_ key: Key, priority: CertificatePriority, now: CertificateMoment) -> Bool {
        if let entry = self.entries[key] {
            if priority > entry.priority { self.entries[key]?.priority = priority }
            return true
        }
        guard self.entries.count < self.limits.identities else { return false }
        self.counter &+= 1
        self.entries[key] = Entry(
            state: .waiting(.tick(now.milliseconds)),
            priority: priority,
            schedule: RotationSchedule(policy: self.limits.rotation),
            expiry: nil,
            order: self.counter
        )
        return true
    }

    /// Makes a fetch due now, since something has changed that lets it end differently; one under way goes on.
    package mutating func hasten(_ key: Key, now: CertificateMoment) {
        guard case .waiting? = self.entries[key]?.state else { return }
        self.entries[key]?.state = .waiting(.tick(now.milliseconds))
    }

    /// Keeps it no longer.
    ///
    /// - Returns: the fetch to cancel, if one is under way; its outcome will not count.
    @discardableResult
    package mutating func forget(_ key: Key) -> Ticket? {
        guard let entry = self.entries.removeValue(forKey: key), case .fetching(let number) = entry.state else {
            return nil
        }
        self.fetching -= 1
        return Ticket(key: key, number: number)
    }

    /// The fetch to begin now; nil when nothing is due, or enough are under way.
    package mutating func next(now: CertificateMoment) -> Ticket? {
        guard self.fetching < self.limits.fetches else { return nil }
        var best: (key: Key, entry: Entry)?
        for (key, entry) in self.entries {
            guard case .waiting(let due) = entry.state, due.wait(from: now) == 0 else { continue }
            guard let known = best else {
                best = (key, entry)
                continue
            }
            if (known.entry.priority.rawValue, entry.order) < (entry.priority.rawValue, known.entry.order) {
                best = (key, entry)
            }
        }
        guard let best else { return nil }
        self.counter &+= 1
        self.entries[best.key]?.state = .fetching(self.counter)
        self.fetching += 1
        return Ticket(key: best.key, number: self.counter)
    }

    /// Notes that a fetch gave a certificate.
    ///
    /// - Parameters:
    ///   - notBefore: start of its validity, in seconds since 1970.
    ///   - notAfter: end of it.
    ///   - chance: an even random number of 0..<1.
    /// - Returns: how long until it is renewed; nil when the certificate must be thrown away, because nobody wants it.
    package mutating func succeeded(
        _ ticket: Ticket,
        notBefore: Int64,
        notAfter: Int64,
        now: CertificateMoment,
        chance: Double
    ) -> Duration? {
        guard var entry = self.take(ticket) else { return nil }
        let planned = entry.schedule.succeeded(
            notBefore: notBefore,
            notAfter: notAfter,
            now: now.epochSeconds,
            chance: chance
        )
        // An authority that dates its certificates far back must not make us ask without a pause.
        let life = notAfter.subtractingReportingOverflow(now.epochSeconds)
        let left = life.overflow ? 0 : max(0, life.partialValue)
        let wait = max(planned, .seconds(max(1, left / 4)))
        entry.expiry = notAfter
        entry.priority = .refresh
        let (date, overflow) = now.epochSeconds.addingReportingOverflow(wait.components.seconds)
        self.requeue(ticket.key, entry, due: .date(overflow ? .max : date))
        return wait
    }

    /// Notes that a fetch failed.
    ///
    /// - Parameter chance: an even random number of 0..<1.
    /// - Returns: how long until the next try; nil when nobody wants it.
    package mutating func failed(_ ticket: Ticket, now: CertificateMoment, chance: Double) -> Duration? {
        guard var entry = self.take(ticket) else { return nil }
        let wait = entry.schedule.failed(expiry: entry.expiry, now: now.epochSeconds, chance: chance)
        // With the certificate gone, connections wait for it.
        if let expiry = entry.expiry, expiry <= now.epochSeconds { entry.priority = .live }
        let parts = wait.components
        // The schedule's waits are bounded by its policy: at most some minutes.
        let milliseconds =
            UInt64(min(max(0, parts.seconds), 1 << 40)) * 1_000
            + UInt64(max(0, parts.attoseconds / 1_000_000_000_000_000))
        self.requeue(ticket.key, entry, due: .tick(now.milliseconds &+ milliseconds))
        return wait
    }

    /// How long until something may be due, in milliseconds; nil when only an event can change that.
    ///
    /// Never more than ``CertificateKeeperLimits/longestWait``, so that a clock that was set is noticed.
    package func wait(now: CertificateMoment) -> UInt64? {
        guard self.fetching < self.limits.fetches else { return nil }
        var least: UInt64?
        for entry in self.entries.values {
            guard case .waiting(let due) = entry.state else { continue }
            least = min(least ?? .max, due.wait(from: now))
        }
        return least.map { min($0, self.limits.longestWait) }
    }

    private mutating func take(_ ticket: Ticket) -> Entry? {
        guard let entry = self.entries[ticket.key], case .fetching(ticket.number) = entry.state else { return nil }
        self.fetching -= 1
        return entry
    }

    private mutating func requeue(_ key: Key, _ entry: Entry, due: Due) {
        var entry = entry
        self.counter &+= 1
        entry.order = self.counter
        entry.state = .waiting(due)
        self.entries[key] = entry
    }
}

/// How urgent a certificate is; the greater goes first.
package enum CertificatePriority: Int, Sendable, Comparable, CaseIterable {
    /// The one in use still lasts.
    case refresh
    /// There is none yet, and nobody waits.
    case warmUp
    /// A connection needs it.
    case live

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Bounds of a ``CertificateScheduler``.
package struct CertificateKeeperLimits: Sendable, Hashable {
    /// Fetches at once.
    package var fetches = 8
    /// Identities that are kept.
    package var identities = 10_000
    /// The longest sleep, in milliseconds.
    package var longestWait: UInt64 = 60_000
    /// Renewal and backoff.
    package var rotation = RotationSchedule.Policy()

    package init() {}
}

/// When something is due.
private enum Due: Sendable {
    case tick(UInt64)
    case date(Int64)

    /// Seconds beyond which a wait needs no exact length.
    private static let farthest: Int64 = 1 << 40

    /// How long until then, in milliseconds; 0 when it is there.
    func wait(from now: CertificateMoment) -> UInt64 {
        switch self {
        case .tick(let tick): return tick - min(tick, now.milliseconds)
        case .date(let date):
            let (left, overflow) = date.subtractingReportingOverflow(now.epochSeconds)
            guard !overflow else { return date < 0 ? 0 : .max }
            return left <= 0 ? 0 : UInt64(min(left, Self.farthest)) * 1_000
        }
    }
}
