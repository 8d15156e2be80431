import Glibc
import Synchronization

/// How busy an event loop is; written by its thread, read by any.
package final class LoopActivity: Sendable {
    private let turnCount = Atomic<UInt64>(0)
    private let busyNanoseconds = Atomic<UInt64>(0)
    private let watched = Atomic<Int>(0)

    /// Turns since the loop began.
    package var turns: UInt64 { self.turnCount.load(ordering: .relaxed) }
    /// Seconds in which the loop did not wait.
    package var busySeconds: Double { Double(self.busyNanoseconds.load(ordering: .relaxed)) / 1e9 }
    /// Descriptors that the loop watches for others.
    package var descriptors: Int { self.watched.load(ordering: .relaxed) }

    /// Nanoseconds of a clock that never goes back.
    static var clock: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }

    /// Counts a turn that began at `start`. Only the loop's thread writes, so a plain store is enough.
    func turned(since start: UInt64) {
        let now = Self.clock
        self.turnCount.store(self.turns &+ 1, ordering: .relaxed)
        let busy = self.busyNanoseconds.load(ordering: .relaxed) &+ (now - min(now, start))
        self.busyNanoseconds.store(busy, ordering: .relaxed)
    }

    /// Counts a descriptor that is watched from now on, or no more.
    func watch(_ change: Int) { self.watched.store(self.descriptors + change, ordering: .relaxed) }
}
