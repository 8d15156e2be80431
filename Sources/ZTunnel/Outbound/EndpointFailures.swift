/// Endpoints that could not be reached a moment ago: others are preferred to them for a while, longer with each failure.
///
/// Without it every connection to a service with a dead endpoint would find that out anew, and spend a retry on it. One
/// loop's own knowledge, like ``EndpointLoad``. Confined to its loop; times are the loop's, in milliseconds.
struct EndpointFailures {
    private struct Entry {
        var failures: UInt32
        var until: UInt64
    }

    private var entries: [String: Entry] = [:]

    /// How long an endpoint is avoided after its first failure; twice as long after each further one.
    static let firstMilliseconds: UInt64 = 1_000
    /// The longest that an endpoint is avoided.
    static let maximumMilliseconds: UInt64 = 30_000
    /// Endpoints remembered at once; when they are more, the one whose time is over soonest is forgotten.
    static let maximum = 1_024

    /// Whether others are to be preferred to the endpoint with the uid.
    func failedLately(_ uid: String, now: UInt64) -> Bool {
        guard !self.entries.isEmpty, let entry = self.entries[uid] else { return false }
        return now < entry.until
    }

    /// The endpoint could not be reached. Connections that fail together count once.
    mutating func failed(_ uid: String, now: UInt64) {
        var entry = self.entries[uid] ?? Entry(failures: 0, until: 0)
        guard now >= entry.until else { return }
        if self.entries[uid] == nil, self.entries.count >= Self.maximum,
            let oldest = self.entries.min(by: { $0.value.until < $1.value.until })
        {
            self.entries[oldest.key] = nil
        }
        entry.until = now + min(Self.maximumMilliseconds, Self.firstMilliseconds << UInt64(min(entry.failures, 10)))
        entry.failures += 1
        self.entries[uid] = entry
    }

    /// The endpoint was reached.
    mutating func reached(_ uid: String) {
        guard !self.entries.isEmpty else { return }
        self.entries[uid] = nil
    }
}
