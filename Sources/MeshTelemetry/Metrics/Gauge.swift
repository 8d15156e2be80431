import Synchronization

/// A number that goes up and down, such as open sockets.
package final class Gauge: Sendable {
    private let current = Atomic<Int64>(0)

    /// Makes a gauge at zero.
    package init() {}

    /// Moves the gauge by `amount`, which may be negative.
    package func add(_ amount: Int64) {
        self.current.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Replaces the value.
    package func set(_ value: Int64) {
        self.current.store(value, ordering: .relaxed)
    }

    /// The value at this moment.
    package var value: Int64 { self.current.load(ordering: .relaxed) }
}
