import MeshModel

/// How many connections each workload has from here: what choosing among equal endpoints goes by.
///
/// One loop's own count: the loops share the connections of a ztunnel evenly, so each sees the same picture in small, and
/// none has to ask another. Confined to its loop.
final class EndpointLoad {
    private var counts: [String: Int] = [:]

    /// What one connection counts as a load of: the workload that it is dialled to, and who serves it where that is another.
    struct Share {
        fileprivate let peer: String
        fileprivate let other: String?
    }

    /// Counts a connection on a route until ``end(_:)``.
    func share(_ route: OutboundRoute) -> Share {
        let uid = route.workload.uid
        let share = Share(peer: route.peer, other: uid == route.peer ? nil : uid)
        self.add(share.peer)
        if let other = share.other { self.add(other) }
        return share
    }

    /// The connection is over.
    func end(_ share: Share) {
        self.remove(share.peer)
        if let other = share.other { self.remove(other) }
    }

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
