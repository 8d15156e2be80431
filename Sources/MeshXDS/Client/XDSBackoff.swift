/// How long to wait before the next attempt: any time up to a bound that doubles with every failure.
///
/// Istio's ztunnel waits the bound itself, so that all of them come back at once; the draw spreads them.
package struct XDSBackoff: Hashable, Sendable {
    /// The first bound. Default 250 ms, where Istio has 10 ms: it also spreads those that one restart cuts off at once.
    package var base = Duration.milliseconds(250)
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
