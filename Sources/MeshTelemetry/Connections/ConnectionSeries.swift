import Synchronization

/// The counters of all connections that share labels.
///
/// Looked up once a connection and then counted without a lock while bytes move.
package final class ConnectionSeries: Sendable {
    /// What changes when a connection begins or ends.
    private struct Ends {
        /// Connections that are open.
        var live = 0
        /// Ended connections by flag, in the order of the flags.
        var closed = [UInt64](repeating: 0, count: ConnectionLabels.Flag.allCases.count)
        /// When a connection last began or ended, in seconds of the metrics' clock.
        var touched: UInt64 = 0
        /// The sum of all counts when the series was last shown; nil before.
        var shown: UInt64?
    }

    /// The labels that the connections share.
    let labels: ConnectionLabels
    /// Connections whose routing was decided.
    let opened = Counter()
    /// Bytes from client to server.
    package let received = Counter()
    /// Bytes from server to client.
    package let sent = Counter()
    private let ends = Mutex(Ends())
    private let clock: @Sendable () -> UInt64

    /// Makes counters at zero.
    init(labels: ConnectionLabels, clock: @escaping @Sendable () -> UInt64) {
        self.labels = labels
        self.clock = clock
    }

    /// Counts a connection that begins.
    func begin() {
        self.ends.withLock { ends in
            ends.live += 1
            ends.touched = self.clock()
        }
        self.opened.add()
    }

    /// Counts the end of a connection that ``ConnectionMetrics/opened(_:)`` counted.
    package func closed(_ flag: ConnectionLabels.Flag) {
        self.ends.withLock { ends in
            ends.live -= 1
            ends.closed[flag.index] &+= 1
            ends.touched = self.clock()
        }
    }

    /// Ended connections by flag, without flags that never occurred.
    var closedByFlag: [(flag: ConnectionLabels.Flag, count: UInt64)] {
        let closed = self.ends.withLock { $0.closed }
        return ConnectionLabels.Flag.allCases.compactMap { flag in
            closed[flag.index] > 0 ? (flag, closed[flag.index]) : nil
        }
    }

    /// Notes that the counts of this moment have been shown.
    func markShown() {
        self.ends.withLock { $0.shown = self.total($0) }
    }

    /// Whether nothing happened for `seconds` and nothing is open.
    /// - Parameter mustBeShown: whether the last counts must have been shown, so that none is lost.
    func isIdle(for seconds: UInt64, mustBeShown: Bool) -> Bool {
        let now = self.clock()
        return self.ends.withLock { ends in
            guard ends.live <= 0, now >= ends.touched, now - ends.touched >= seconds else { return false }
            return !mustBeShown || ends.shown == self.total(ends)
        }
    }

    private func total(_ ends: Ends) -> UInt64 {
        ends.closed.reduce(self.opened.value &+ self.received.value &+ self.sent.value, &+)
    }
}
