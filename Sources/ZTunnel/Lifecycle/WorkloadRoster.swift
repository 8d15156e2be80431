package import DataPlane
package import MeshModel
import Synchronization
import TunnelEngine

/// The workloads that this process serves, each on every worker.
///
/// Usable from any thread; completions come on a worker's thread.
package final class WorkloadRoster: Sendable {
    private let workers: [Worker]
    private let served = Mutex<[String: ServedWorkload]>([:])
    private let observer = Mutex<(@Sendable () -> Void)?>(nil)

    /// Why a workload is not served.
    package enum Refusal: Error, Sendable, CustomStringConvertible {
        /// One with this key is served already.
        case known(String)
        /// A listener could not be opened.
        case listen(ListenFailure)

        /// One line for the log.
        package var description: String {
            switch self {
            case .known(let key): "workload \(key) is served already"
            case .listen(let failure): "\(failure)"
            }
        }
    }

    /// A roster of nobody.
    package init(workers: [Worker]) {
        self.workers = workers
    }

    /// The workers' loops.
    var loops: [EventLoop] { self.workers.map(\.loop) }

    /// Who is served now, in no order.
    package var workloads: [ServedWorkload] { self.served.withLock { Array($0.values) } }

    /// The workload of a key; nil when it isn't served.
    package func workload(_ key: String) -> ServedWorkload? { self.served.withLock { $0[key] } }

    /// Opens the workload's listeners on all workers, or on none.
    /// - Parameter completion: called once; on success all listeners stand.
    package func add(
        _ workload: ServedWorkload,
        completion: @escaping @Sendable (Result<Void, Refusal>) -> Void
    ) {
        let isNew = self.served.withLock { served in
            guard served[workload.key] == nil else { return false }
            served[workload.key] = workload
            return true
        }
        guard isNew else { return completion(.failure(.known(workload.key))) }
        let tally = Tally(self.workers.count) { failure in
            guard let failure else { return completion(.success(())) }
            self.remove(workload.key, milliseconds: 0) { completion(.failure(.listen(failure))) }
        }
        for worker in self.workers {
            worker.loop.submit {
                do throws(ListenFailure) {
                    try worker.serve(workload)
                    tally.count(nil)
                } catch {
                    tally.count(error)
                }
            }
        }
    }

    /// Stops serving a workload: listeners close at once, connections may end by themselves until the deadline.
    /// - Parameters:
    ///   - milliseconds: the deadline; 0 ends all connections at once.
    ///   - completion: called once, when nothing of it is open any more; also for a key that isn't served.
    package func remove(_ key: String, milliseconds: UInt64, completion: @escaping @Sendable () -> Void = {}) {
        // A workload of the same key may come back before the old one's connections have ended.
        self.served.withLock { $0[key] = nil }
        let tally = Tally(self.workers.count) { _ in completion() }
        for worker in self.workers {
            worker.loop.submit { worker.release(key, milliseconds: milliseconds) { tally.count(nil) } }
        }
    }

    /// Stops serving all workloads.
    package func removeAll(milliseconds: UInt64, completion: @escaping @Sendable () -> Void) {
        let keys = self.served.withLock { Array($0.keys) }
        let tally = Tally(keys.count) { _ in completion() }
        for key in keys { self.remove(key, milliseconds: milliseconds) { tally.count(nil) } }
    }

    /// Judges the peers of live links anew, as roots or revocations have changed.
    /// - Parameter key: whose links; nil means everybody's.
    package func judgePeers(of key: String? = nil) {
        for worker in self.workers { worker.loop.submit { worker.judgePeers(of: key) } }
    }

    /// Has `observer` called after each change of the state, on the thread that made it.
    package func observeState(_ observer: @escaping @Sendable () -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Gathers the live connections of all workers.
    /// - Parameter completion: called once, on the thread of the worker that is last.
    package func takeCensus(_ completion: @escaping @Sendable (ConnectionCensus) -> Void) {
        let taker = ConnectionCensusTaker(self.workers.count, completion)
        for worker in self.workers { worker.loop.submit { taker.add(worker.shares()) } }
    }

    /// Tells all workers of a new state.
    package func stateChanged(_ snapshot: MeshSnapshot) {
        self.observer.withLock { $0 }?()
        for worker in self.workers { worker.loop.submit { worker.stateChanged(snapshot) } }
    }
}

/// Calls its completion when everybody has been counted, with the first failure.
private final class Tally: Sendable {
    private let state: Mutex<(left: Int, failure: ListenFailure?)>
    private let completion: @Sendable (ListenFailure?) -> Void

    init(_ count: Int, _ completion: @escaping @Sendable (ListenFailure?) -> Void) {
        self.state = Mutex((count, nil))
        self.completion = completion
        if count == 0 { completion(nil) }
    }

    func count(_ failure: ListenFailure?) {
        let (isLast, first) = self.state.withLock { state in
            state.left -= 1
            state.failure = state.failure ?? failure
            return (state.left == 0, state.failure)
        }
        if isLast { self.completion(first) }
    }
}
