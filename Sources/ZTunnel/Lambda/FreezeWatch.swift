import MeshTelemetry
import TunnelEngine

/// Notices that this process stood still, as Lambda freezes it between calls.
///
/// By the clock on the wall: whether the monotonic one goes on while an environment is frozen is nobody's promise. Confined
/// to its loop.
final class FreezeWatch {
    private let loop: EventLoop
    private lazy var alarm = LoopAlarm(loop: self.loop)
    private var last: Int64
    private var action: ((UInt64) -> Void)?
    private let now: () -> Int64

    /// How often it looks.
    static let tickMilliseconds: UInt64 = 1_000
    /// How much later than due a look must come to count; links to peers survive less.
    static let gapMilliseconds: Int64 = 4_000

    /// - Parameter now: milliseconds since 1970.
    init(loop: EventLoop, now: @escaping () -> Int64 = { FreezeWatch.wallClock }) {
        self.loop = loop
        self.now = now
        self.last = now()
    }

    /// Milliseconds since 1970.
    static var wallClock: Int64 {
        let now = Timestamp.now()
        return now.seconds * 1_000 + Int64(now.microseconds / 1_000)
    }

    /// Begins; `action` is called with how long nothing ran, in milliseconds, each time that was long.
    func start(_ action: @escaping (UInt64) -> Void) {
        self.action = action
        self.last = self.now()
        self.tick()
    }

    /// Looks now.
    func look() {
        let now = self.now()
        let gap = now - self.last
        self.last = now
        guard gap >= Self.gapMilliseconds else { return }
        self.action?(UInt64(gap))
    }

    private func tick() {
        self.alarm.set(after: Self.tickMilliseconds) { [weak self] in
            self?.look()
            self?.tick()
        }
    }
}
