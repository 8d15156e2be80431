package import MeshTelemetry

/// All metrics of a registry, once an interval, in requests of bounded size.
package final class MetricSource: OTLPSource {
    /// The points after which a request is full; one more family still goes along.
    static let maximumPoints = 1_000

    private let registry: MetricsRegistry
    private var deltas: MetricDeltas?
    /// The round that is being read; nil between rounds.
    private var readings: MetricReadings?
    /// Whether the last part of a round was given and its end not told yet.
    private var isEnding = false
    /// Whether another round follows at once, so that the last counts of the process are sent.
    private var isLastWanted = false
    /// Since when counts of this round count, in nanoseconds since 1970.
    private var start: UInt64
    /// When this round was begun, in nanoseconds since 1970.
    private var time: UInt64 = 0
    private var droppedPoints: UInt64 = 0
    private let clock: () -> UInt64

    /// Sends what a registry has.
    /// - Parameters:
    ///   - isDelta: whether counts are sent as what was added since the last round.
    ///   - clock: nanoseconds since 1970.
    package init(
        _ registry: MetricsRegistry,
        isDelta: Bool,
        clock: @escaping () -> UInt64 = { WallClock.nanoseconds }
    ) {
        self.registry = registry
        self.deltas = isDelta ? MetricDeltas() : nil
        self.start = clock()
        self.clock = clock
    }

    package let signal = OTLPSignal.metrics
    package var waiting: Int { self.readings != nil || self.isEnding ? 1 : 0 }
    package var dropped: UInt64 { self.droppedPoints }
    package func lost(_ count: Int) { self.droppedPoints += UInt64(max(0, count)) }

    /// A round that is under way has been read already, in part: one more follows it.
    package func prepareLast() { self.isLastWanted = self.waiting > 0 }

    /// Nothing: rounds begin by the clock.
    package func onBatch(_ wake: @escaping @Sendable () -> Void) {}

    package func take(as sender: OTLPSender) -> (bytes: [UInt8], count: Int)? {
        if self.isEnding {
            self.isEnding = false
            guard self.isLastWanted else { return nil }
            self.isLastWanted = false
        }
        if self.readings == nil {
            self.readings = self.registry.read()
            self.time = self.clock()
        }
        let encoding = MetricEncoding(isDelta: self.deltas != nil, start: self.start, time: self.time)
        var taken: [MetricReading] = []
        var points = 0
        while points < Self.maximumPoints {
            guard let reading = self.readings?.next() else {
                self.endRound()
                self.isEnding = points > 0
                break
            }
            let changed = self.deltas?.subtract(reading) ?? reading
            guard !changed.points.isEmpty else { continue }
            taken.append(changed)
            points += changed.points.count
        }
        if points == 0, self.isLastWanted {
            self.isLastWanted = false
            return self.take(as: sender)
        }
        return points > 0 ? (encoding.request(taken, sender: sender), points) : nil
    }

    private func endRound() {
        self.readings = nil
        guard self.deltas != nil else { return }
        self.deltas?.endRound()
        self.start = self.time
    }
}
