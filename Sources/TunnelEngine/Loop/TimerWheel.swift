/// A hierarchical timing wheel: starting and stopping cost O(1), and an idle wheel needs no tick.
///
/// Four levels of 64 slots; a tick is 16 ms, so the levels reach 1 s, 65 s, 70 min and 74 h. A timer fires between
/// zero and two ticks late, never early. Longer waits are cut to the reach of the last level.
struct TimerWheel {
    private static let levels = 4
    private static let slotBits: UInt64 = 6
    private static let tickMilliseconds: UInt64 = 16

    private var slots = ContiguousArray<LoopTimer?>(repeating: nil, count: levels * 64)
    private var occupied = ContiguousArray<UInt64>(repeating: 0, count: levels)
    private var current: UInt64
    private(set) var count = 0

    init(now: UInt64) {
        self.current = now / Self.tickMilliseconds
    }

    /// Starts or moves a timer to fire `after` milliseconds from `now`.
    mutating func start(_ timer: LoopTimer, after milliseconds: UInt64, now: UInt64) {
        self.stop(timer)
        let reach: UInt64 = 1 << (Self.slotBits * UInt64(Self.levels))
        let wait = min(milliseconds, (reach - 2) * Self.tickMilliseconds)
        let due = (now + wait + Self.tickMilliseconds - 1) / Self.tickMilliseconds
        timer.tick = min(max(due, self.current + 1), self.current + reach - 1)
        self.link(timer)
        self.count += 1
    }

    /// Stops a timer; one that does not run stays as it is.
    mutating func stop(_ timer: LoopTimer) {
        if timer.slot == LoopTimer.due { timer.slot = LoopTimer.idle }
        guard timer.slot >= 0 else { return }
        self.unlink(timer)
        self.count -= 1
    }

    /// Milliseconds from `now` to the next moment at which something may fire; nil when no timer runs.
    func nextWait(now: UInt64) -> UInt64? {
        guard self.count > 0 else { return nil }
        var next: UInt64?
        for level in 0..<Self.levels where self.occupied[level] != 0 {
            let shift = Self.slotBits * UInt64(level)
            let position = self.current >> shift
            let rotated = Self.rotate(self.occupied[level], right: Int(position & 63))
            var distance = UInt64(rotated.trailingZeroBitCount)
            if distance == 0 { distance = rotated == 1 ? 64 : min(64, UInt64((rotated & ~1).trailingZeroBitCount)) }
            let tick = (position + distance) << shift
            next = min(next ?? .max, tick)
        }
        guard let tick = next else { return nil }
        let due = tick * Self.tickMilliseconds
        return due > now ? due - now : 0
    }

    /// Moves the wheel to `now` and collects the timers that ran out, marked as due; the caller fires those still due.
    mutating func advance(to now: UInt64, expired: inout ContiguousArray<LoopTimer>) {
        let target = now / Self.tickMilliseconds
        while self.current < target {
            if self.count == 0 {
                self.current = target
                return
            }
            self.current += 1
            var level = 1
            while level < Self.levels, self.current & ((1 << (Self.slotBits * UInt64(level))) - 1) == 0 {
                self.cascade(level)
                level += 1
            }
            self.expire(into: &expired)
        }
    }

    private mutating func expire(into expired: inout ContiguousArray<LoopTimer>) {
        let slot = Int(self.current & 63)
        while let timer = self.slots[slot] {
            self.stop(timer)
            timer.slot = LoopTimer.due
            expired.append(timer)
        }
    }

    private mutating func cascade(_ level: Int) {
        let index = level * 64 + Int(self.current >> (Self.slotBits * UInt64(level)) & 63)
        while let timer = self.slots[index] {
            self.unlink(timer)
            self.link(timer)
        }
    }

    private mutating func link(_ timer: LoopTimer) {
        let distance = timer.tick > self.current ? timer.tick - self.current : 0
        var level = 0
        while level < Self.levels - 1, distance >= 1 << (Self.slotBits * UInt64(level + 1)) { level += 1 }
        let slot = Int(timer.tick >> (Self.slotBits * UInt64(level)) & 63)
        let index = level * 64 + slot
        timer.level = level
        timer.slot = slot
        timer.previous = nil
        timer.next = self.slots[index]
        timer.next?.previous = timer
        self.slots[index] = timer
        self.occupied[level] |= 1 << UInt64(slot)
    }

    private mutating func unlink(_ timer: LoopTimer) {
        let index = timer.level * 64 + timer.slot
        if let previous = timer.previous {
            previous.next = timer.next
        } else {
            self.slots[index] = timer.next
            if timer.next == nil { self.occupied[timer.level] &= ~(1 << UInt64(timer.slot)) }
        }
        timer.next?.previous = timer.previous
        timer.next = nil
        timer.previous = nil
        timer.slot = LoopTimer.idle
    }

    private static func rotate(_ word: UInt64, right count: Int) -> UInt64 {
        count == 0 ? word : word >> UInt64(count) | word << UInt64(64 - count)
    }
}
