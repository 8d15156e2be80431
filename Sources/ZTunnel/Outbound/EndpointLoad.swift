/// How many connections each workload has from here: what choosing among equal endpoints goes by.
///
/// One loop's own count: the loops share the connections of a ztunnel evenly, so each sees the same picture in small, and
/// none has to ask another. Confined to its loop.
final class EndpointLoad {
    private var counts: [String: Int] = [:]

    /// The connections of the workload with the uid.
    func connections(of uid: String) -> Int { self.counts[uid] ?? 0 }

    /// Counts a connection until ``remove(_:)``.
    func add(_ uid: String) { self.counts[uid, default: 0] += 1 }

    /// Takes back what ``add(_:)`` counted.
    func remove(_ uid: String) {
        guard let count = self.counts[uid] else { return }
        self.counts[uid] = count > 1 ? count - 1 : nil
    }

    /// Workloads that have connections.
    var workloadCount: Int { self.counts.count }
}
