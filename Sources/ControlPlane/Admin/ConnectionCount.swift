import Synchronization

/// How many connections are open, up to a limit.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let open = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts one in; false when there are too many.
    func admit() -> Bool {
        guard self.open.add(1, ordering: .relaxed).newValue <= self.limit else {
            self.release()
            return false
        }
        return true
    }

    /// Counts one out.
    func release() { self.open.subtract(1, ordering: .relaxed) }
}
