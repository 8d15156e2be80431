package import MeshModel
import Synchronization
package import TunnelEngine

/// The listening sockets of this process: which there are, for the process after it, and which the one before left.
///
/// A socket that two processes hold keeps its queue when one of them closes it: that is why a restart passes sockets on
/// instead of opening new ones beside them. Usable from any thread.
package final class ListenerBook: Sendable {
    /// What a socket is for.
    package struct Place: Hashable, Sendable {
        /// The key of the served workload; nil for the endpoints of the process itself.
        package var workload: String?
        /// Where it was asked to listen.
        package var address: SocketAddress

        /// Joins the two.
        package init(workload: String?, address: SocketAddress) {
            self.workload = workload
            self.address = address
        }
    }

    /// A socket with its place.
    package typealias Entry = (place: Place, socket: OwnedDescriptor)

    private struct Pages {
        var open: [UInt64: (place: Place, descriptor: Int32)] = [:]
        var next: UInt64 = 0
        var inherited: [Place: [OwnedDescriptor?]]
    }

    private let workers: Int
    private let pages: Mutex<Pages>

    /// - Parameters:
    ///   - workers: how many loops open the same places.
    ///   - inherited: what the process before this one passed on.
    package init(workers: Int, inherited: [Entry] = []) {
        self.workers = max(1, workers)
        var sockets: [Place: [OwnedDescriptor?]] = [:]
        for (place, socket) in inherited { sockets[place, default: []].append(socket) }
        self.pages = Mutex(Pages(inherited: sockets))
    }

    /// The sockets of a place for one loop: its share of those inherited, or a new one.
    ///
    /// - Parameter worker: the loop's number among those that open the same place, from 0; nil when it is the only one.
    package func open(
        _ place: Place,
        worker: Int?,
        scope: SocketScope = .process
    ) throws(SocketError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for socket in self.share(of: place, worker: worker) {
            let copy = try socket.duplicate()
            sockets.append(ListeningSocket(copy, address: place.address, lease: self.enter(place, copy)))
        }
        guard sockets.isEmpty else { return sockets }
        let descriptor = try Socket.listen(place.address, scope: scope)
        return [ListeningSocket(descriptor, address: place.address, lease: self.enter(place, descriptor))]
    }

    private func share(of place: Place, worker: Int?) -> [OwnedDescriptor] {
        self.pages.withLock { pages in
            guard var sockets = pages.inherited[place] else { return [] }
            var taken: [OwnedDescriptor] = []
            for index in sockets.indices where worker.map({ index % self.workers == $0 % self.workers }) ?? true {
                guard let socket = sockets[index] else { continue }
                taken.append(socket)
                sockets[index] = nil
            }
            pages.inherited[place] = sockets.contains { $0 != nil } ? sockets : nil
            return taken
        }
    }

    private func enter(_ place: Place, _ descriptor: Int32) -> Lease {
        let number = self.pages.withLock { pages in
            pages.next += 1
            pages.open[pages.next] = (place, descriptor)
            return pages.next
        }
        return Lease { [weak self] in self?.pages.withLock { $0.open[number] = nil } }
    }

    /// Second descriptors of all sockets that are open now; one that can't be copied is left out.
    package func copies() -> [Entry] {
        // Under the lock: what is in the book can't be closed meanwhile.
        self.pages.withLock { pages in
            pages.open.sorted { $0.key < $1.key }.compactMap { _, entry in
                Socket.duplicate(entry.descriptor).map { (entry.place, $0) }
            }
        }
    }

    /// Served workloads whose inherited sockets nobody has taken yet.
    package var inheritedWorkloads: Set<String> {
        self.pages.withLock { Set($0.inherited.keys.compactMap(\.workload)) }
    }

    /// Closes what was inherited and not taken.
    package func dropInherited() {
        let dropped = self.pages.withLock { pages in
            let dropped = pages.inherited
            pages.inherited = [:]
            return dropped
        }
        // Closed outside of the lock.
        _ = dropped
    }
}

/// Calls a closure when it is let go.
private final class Lease {
    private let end: () -> Void

    init(_ end: @escaping () -> Void) { self.end = end }

    deinit { self.end() }
}
