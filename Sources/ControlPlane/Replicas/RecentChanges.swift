/// Which documents the last changes were of: with that a replica reads what is new, and not all of the configuration
/// after each change.
struct RecentChanges: Sendable, Hashable {
    /// The most that are kept, documents of all those changes together.
    private static let limit = 200

    private var entries: [Entry] = []
    /// All changes with a higher revision are among them.
    private(set) var since: Int64 = 0

    private struct Entry: Sendable, Hashable {
        var revision: Int64
        var key: String
    }

    /// None, from the first revision on.
    init() {}

    /// Reads what `text` writes: a line for each document, its revision and key. What can't be read ends it there, as if
    /// nothing before were known.
    init(_ text: String, since: Int64) {
        self.since = since
        for line in text.split(separator: "\n").suffix(Self.limit) {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let revision = Int64(parts[0]) else {
                self.since = .max
                return
            }
            self.entries.append(Entry(revision: revision, key: String(parts[1])))
        }
    }

    /// The lines.
    var text: String { self.entries.map { "\($0.revision) \($0.key)" }.joined(separator: "\n") }

    /// The documents that changed after a revision, each once; nil when not all are known.
    func keys(after revision: Int64) -> [String]? {
        guard revision >= self.since else { return nil }
        return Set(self.entries.lazy.filter { $0.revision > revision }.map(\.key)).sorted()
    }

    /// Adds a change.
    mutating func add(_ keys: [String], at revision: Int64) {
        self.entries += keys.map { Entry(revision: revision, key: $0) }
        while self.entries.count > Self.limit, let oldest = self.entries.first?.revision {
            self.since = max(self.since, oldest)
            self.entries.removeAll { $0.revision == oldest }
        }
    }
}
