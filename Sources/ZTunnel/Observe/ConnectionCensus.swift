import Synchronization

/// The live connections of all workers at about one moment, by the key of the workload that they belong to.
package struct ConnectionCensus: Sendable {
    /// One workload's connections on one worker.
    package struct Share: Sendable {
        /// The workload's key.
        package var key: String
        /// Whether the workload is on its way out.
        package var isLeaving: Bool
        /// Its connections, as many as were asked for.
        package var connections: [ConnectionEntry]
        /// Connections that were left out.
        package var omitted: Int
    }

    /// All shares, in no order.
    package var shares: [Share] = []

    /// Connections of one workload on one worker that are listed; the rest is only counted.
    package static let maximumEntries = 5_000
}

/// Calls its completion when all workers have handed in their shares.
final class ConnectionCensusTaker: Sendable {
    private let state: Mutex<(left: Int, census: ConnectionCensus)>
    private let completion: @Sendable (ConnectionCensus) -> Void

    init(_ count: Int, _ completion: @escaping @Sendable (ConnectionCensus) -> Void) {
        self.state = Mutex((count, ConnectionCensus()))
        self.completion = completion
        if count == 0 { completion(ConnectionCensus()) }
    }

    func add(_ shares: [ConnectionCensus.Share]) {
        let (isLast, census) = self.state.withLock { state in
            state.census.shares += shares
            state.left -= 1
            return (state.left == 0, state.census)
        }
        if isLast { self.completion(census) }
    }
}
