import Synchronization

/// A number that only grows.
///
/// Any thread may add; an addition is one relaxed atomic instruction, so that a series can be held and bumped from
/// the data path without a lock.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    /// Makes a counter at zero.
    package init() {}

    /// Adds `amount`. The count wraps at 2^64, which a scraper reads as a restart.
    package func add(_ amount: UInt64 = 1) {
        self.count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// The count at this moment.
    package var value: UInt64 { self.count.load(ordering: .relaxed) }
}
