/// How long to wait before the next attempt: any time up to a bound that doubles with every failure.
///
/// Istio's ztunnel waits the bound itself, so that all of them come back at once; the draw spreads them.
package struct XDSBackoff: Hashable, Sendable {
    /// The first bound. Default 10 ms.
    package var base = Duration.milliseconds(10)
    /// The largest bound. Default 15 s.
    package var maximum = Duration.seconds(15)
    /// The bound of the next wait.
    private var bound: Duration?

    /// The default bounds.
    package init() {}

    /// The next wait.
    package mutating func next(random: inout some RandomNumberGenerator) -> Duration {
        let bound = min(self.bound ?? self.base, self.maximum)
        self.bound = min(bound * 2, self.maximum)
        return bound * Double.random(in: 0...1, using: &random)
    }

    /// Starts again at the first bound.
    package mutating func reset() { self.bound = nil }
}
