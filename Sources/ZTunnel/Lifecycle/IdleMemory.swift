import DataPlane
import TunnelEngine

/// Gives back the memory of code that a ztunnel doesn't run any more, and heap that it doesn't need, again and again.
///
/// What a first request, a new certificate or a read of the metrics ran through once would stay mapped for ever: most of
/// an idle process's memory. Code that is in use comes back from the page cache, some hundred page faults each time.
/// Confined to its loop.
final class IdleMemory {
    /// From one time to the next; a health check's code stays mapped for as long.
    private static let intervalMilliseconds: UInt64 = 2_000

    private let alarm: LoopAlarm
    private var heap: IdleHeap

    /// Works on `loop`, and disturbs none of `workers` while it is busy.
    init(loop: EventLoop, workers: [EventLoop]) {
        self.alarm = LoopAlarm(loop: loop)
        self.heap = IdleHeap(own: loop, watching: workers)
    }

    /// Gives back what the start needed, and from then on what nobody needs.
    func release() {
        self.heap.look()
        ProgramCode.release()
        self.alarm.set(after: Self.intervalMilliseconds) { [weak self] in self?.release() }
    }
}
