/// Decides when which endpoint is asked whether it is well, and what the answers mean. It asks nobody itself.
struct HealthChecker: Sendable {
    /// What an answer came to.
    struct Change: Equatable {
        var before: EndpointState.Check
        var after: EndpointState.Check

        /// Whether the endpoint is used from now on.
        var isBack: Bool { (self.before == .unknown || self.before == .failed) && self.after.isUsable }
    }

    private struct Entry {
        var endpoint: EndpointHandle
        var nextAt: UInt64
        var asked: (number: UInt64, at: UInt64)?
        var successes: UInt32 = 0
        var failures: UInt32 = 0
    }

    /// Questions under way at once for a cluster: they must not crowd out requests.
    static let concurrency = 32
    /// How much longer than its timeout a question without any answer is waited for, in milliseconds.
    private static let grace: UInt64 = 1000
    /// First questions to new endpoints are spread over this, in milliseconds, or over the interval where it is shorter.
    private static let firstSpread: UInt64 = 1000

    let rules: HealthCheckRules
    private var entries: [ObjectIdentifier: Entry] = [:]
    private var underWay = 0
    private var lastNumber: UInt64 = 0

    init(_ rules: HealthCheckRules) { self.rules = rules }

    /// Takes the endpoints that there are now; those that stay keep their place in time.
    mutating func update(_ endpoints: [EndpointHandle], now: UInt64, random: inout PickRandom) {
        var entries: [ObjectIdentifier: Entry] = [:]
        for endpoint in endpoints {
            let key = ObjectIdentifier(endpoint.state)
            if var entry = self.entries[key] {
                entry.endpoint = endpoint
                entries[key] = entry
            } else {
                let spread = min(Self.firstSpread, self.rules.interval)
                entries[key] = Entry(endpoint: endpoint, nextAt: now + random.next() % spread)
            }
        }
        self.entries = entries
        self.underWay = entries.values.count { $0.asked != nil }
    }

    /// When something is due next; nil without endpoints. While as many are asked as may be, only answers are waited for.
    var nextAt: UInt64? {
        let isFull = self.underWay >= Self.concurrency
        return self.entries.values.lazy.compactMap { entry in
            guard let asked = entry.asked else { return isFull ? nil : entry.nextAt }
            return asked.at + self.rules.timeout + Self.grace
        }.min()
    }

    /// The questions that are due, in order of time; they are taken for asked. Those above the bound come with the next call.
    mutating func due(now: UInt64) -> [HealthProbe] {
        let due = self.entries.filter { $0.value.asked == nil && $0.value.nextAt <= now }
        guard !due.isEmpty, self.underWay < Self.concurrency else { return [] }
        let order = due.sorted { ($0.value.nextAt, $0.value.endpoint.id) < ($1.value.nextAt, $1.value.endpoint.id) }
        return order.prefix(Self.concurrency - self.underWay).map { key, entry in
            self.lastNumber += 1
            self.underWay += 1
            self.entries[key]?.asked = (self.lastNumber, now)
            return HealthProbe(endpoint: entry.endpoint, rules: self.rules, number: self.lastNumber)
        }
    }

    /// Questions whose end nobody reported in time; each has to be answered with `timedOut`, or it is never asked again.
    func lost(now: UInt64) -> [HealthProbe] {
        self.entries.values.compactMap { entry in
            guard let asked = entry.asked, now >= asked.at + self.rules.timeout + Self.grace else { return nil }
            return HealthProbe(endpoint: entry.endpoint, rules: self.rules, number: asked.number)
        }
    }

    /// Takes an answer.
    /// - Parameter isUsed: whether the cluster has ever been used.
    /// - Returns: what is known of the endpoint before and after; nil for an answer to a question that is no longer open.
    mutating func answered(
        _ probe: HealthProbe,
        _ answer: HealthAnswer,
        now: UInt64,
        isUsed: Bool,
        random: inout PickRandom
    ) -> Change? {
        let key = ObjectIdentifier(probe.endpoint.state)
        guard var entry = self.entries[key], entry.asked?.number == probe.number else { return nil }
        self.underWay -= 1
        entry.asked = nil
        let before = entry.endpoint.state.check
        let after = self.judge(self.rules.verdict(answer), of: &entry, before)
        // A task's first question may come before its application listens: it must not stay out for a minute.
        let isIdle = !isUsed && after.isUsable
        let interval = isIdle ? max(self.rules.interval, HealthCheckRules.idleInterval) : self.rules.interval
        entry.nextAt = now + interval + random.next() % (interval / 10 + 1)
        self.entries[key] = entry
        entry.endpoint.state.check = after
        return Change(before: before, after: after)
    }

    private func judge(
        _ verdict: HealthCheckRules.Verdict,
        of entry: inout Entry,
        _ before: EndpointState.Check
    ) -> EndpointState.Check {
        guard verdict == .well || verdict == .degraded else {
            entry.successes = 0
            entry.failures += entry.failures == .max ? 0 : 1
            // The first answer of all decides at once.
            if before == .unknown || verdict == .down { return .failed }
            return entry.failures >= self.rules.unhealthyThreshold ? .failed : before
        }
        entry.failures = 0
        entry.successes += entry.successes == .max ? 0 : 1
        // One that is used stays so whichever of the two it is; one that failed has to earn it.
        let isBack = before != .failed || entry.successes >= self.rules.healthyThreshold
        guard isBack else { return .failed }
        return verdict == .degraded ? .degraded : .passed
    }

    /// An ordinary response told that its endpoint is not well.
    /// - Returns: whether it was taken for well before.
    mutating func failAtOnce(_ endpoint: EndpointHandle) -> Bool {
        let key = ObjectIdentifier(endpoint.state)
        guard self.entries[key] != nil, endpoint.state.check != .failed else { return false }
        self.entries[key]?.successes = 0
        endpoint.state.check = .failed
        return true
    }
}
