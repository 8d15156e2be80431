import MeshCompile

/// When which key set is fetched, and what was fetched last: pure, time comes in as seconds that only grow.
///
/// A set is fetched anew every 20 minutes. After a failure it is tried again after one minute, then after twice as long
/// each time, up to an hour; what was fetched before stays in use.
struct KeySetSchedule {
    /// Seconds between two fetches of a set that is there.
    static let refresh = 1200
    /// Seconds after a first failure.
    static let firstPause = 60
    /// Seconds between two tries at most.
    static let longestPause = 3600
    /// The most sets.
    static let sets = 1024

    private struct Entry {
        var keys: String?
        var failures = 0
        var due: Int
        var isUnderWay = false
    }

    private var entries: [KeySource: Entry] = [:]
    /// What was fetched before the start, until it is asked for.
    private var restored: [KeySource: String] = [:]

    /// Takes over what an earlier run fetched.
    mutating func restore(_ keySets: [KeySource: String]) { self.restored = keySets }

    /// Takes over what is asked for now; what nobody asks for is forgotten.
    ///
    /// - Returns: those that are beyond the bound.
    @discardableResult
    mutating func want(_ sources: [KeySource], at now: Int) -> [KeySource] {
        let kept = sources.prefix(Self.sets)
        let wanted = Set(kept)
        self.entries = self.entries.filter { wanted.contains($0.key) }
        for source in kept where self.entries[source] == nil {
            self.entries[source] = Entry(keys: self.restored[source], due: now)
        }
        return Array(sources.dropFirst(Self.sets))
    }

    /// What is to be fetched now; it counts as under way until its outcome is noted.
    mutating func takeDue(at now: Int) -> [KeySource] {
        let due = self.entries.filter { $0.value.due <= now && !$0.value.isUnderWay }.keys.sorted()
        for source in due { self.entries[source]?.isUnderWay = true }
        return due
    }

    /// Notes what a fetch brought; nil for a failure.
    ///
    /// - Returns: whether the keys are others than before.
    mutating func note(_ keys: String?, of source: KeySource, at now: Int) -> Bool {
        guard var entry = self.entries[source] else { return false }
        entry.isUnderWay = false
        defer { self.entries[source] = entry }
        guard let keys else {
            let pause = Self.firstPause << min(entry.failures, 6)
            entry.failures += 1
            entry.due = now + min(pause, Self.longestPause)
            return false
        }
        let isNew = entry.keys != keys
        entry.keys = keys
        entry.failures = 0
        entry.due = now + Self.refresh
        return isNew
    }

    /// The keys of all sources that have some.
    var keySets: [KeySource: String] { self.entries.compactMapValues(\.keys) }

    /// When something is due next; nil for never.
    var nextDue: Int? { self.entries.values.filter { !$0.isUnderWay }.map(\.due).min() }
}
