package import BoringTLS
import CMeshLinux
import Glibc
import Synchronization

/// One thread, one epoll instance, and everything that lives on them.
///
/// `@unchecked Sendable`: `submit` and `stop` may be called from any thread; everything else only on the loop's
/// own thread, which is the one that called `run`.
package final class EventLoop: @unchecked Sendable {
    /// The loop's number, for thread names and metrics.
    package let index: Int
    /// How busy the loop is.
    package let activity = LoopActivity()
    /// Monotonic milliseconds, read once a turn.
    package private(set) var now: UInt64
    /// Memory that every connection of the loop shares for the length of one call, so that none holds its own.
    package let scratch: LoopScratch
    /// Output buffers that the loop's TLS sessions share.
    package let tlsBuffers: TLSBufferPool

    /// Random numbers that need not be secret.
    package let random = LoopRandom()
    /// What the sockets of relays get of the plaintext that a link reads.
    let gathered: GatheredOutput

    private let epoll: Int32
    private let wakeUp: Int32
    private var timers: TimerWheel
    private var sources: ContiguousArray<Registration> = []
    private var freeSlots: ContiguousArray<Int32> = []
    private var flushQueue: ContiguousArray<EventSource> = []
    private var againQueue: ContiguousArray<EventSource> = []
    private var expired: ContiguousArray<LoopTimer> = []
    private let mailbox = Mutex(Mailbox())
    private let timerTally = Atomic<Int>(0)
    private let shortages = Atomic<UInt64>(0)
    private let lastShortage = Atomic<UInt64>(0)
    /// Bytes that wait in this loop's connections for applications that do not read.
    package private(set) var heldBytes = 0
    /// What ``heldBytes`` should stay under. Beyond it connections end that would add to it and have not moved for a
    /// second, and beyond twice as much all that would add to it: a window limits one peer, and this all together.
    package var heldBytesLimit = 64 * 1024 * 1024
    /// How long a connection of which one direction has ended may be silent in the other, in milliseconds; then it ends.
    /// 0 means for ever. Long, because a client may well end its side and wait for a slow answer.
    package var halfClosedMilliseconds: UInt64 = 3_600_000

    private struct Registration {
        var source: EventSource?
        var generation: UInt32
    }

    private struct Mailbox {
        var work: [@Sendable () -> Void] = []
        var isStopped = false
        var hasEnded = false
    }

    private static let wakeUpData = UInt64.max

    /// Makes the loop's descriptors and buffers; throws when the process or the system has none left.
    package init(index: Int) throws(SocketError) {
        self.index = index
        self.now = mesh_monotonic_ms()
        self.timers = TimerWheel(now: self.now)
        self.epoll = try SocketError.check(mesh_epoll_create(), "epoll_create1")
        self.wakeUp = try SocketError.check(mesh_eventfd(), "eventfd")
        self.scratch = try LoopScratch()
        self.gathered = GatheredOutput(plaintext: self.scratch.plaintext)
        self.tlsBuffers = TLSBufferPool(blockBytes: 96 * 1024, keptBlocks: 4)
        _ = try SocketError.check(mesh_epoll_add_read(self.epoll, self.wakeUp, Self.wakeUpData), "epoll_ctl")
    }

    deinit {
        Glibc.close(self.wakeUp)
        Glibc.close(self.epoll)
    }

    /// Runs `work` on the loop's thread in its next turn; may be called from any thread.
    ///
    /// Work runs in the order in which it was handed in. After the loop's end it is dropped.
    package func submit(_ work: @escaping @Sendable () -> Void) {
        let wasEmpty = self.mailbox.withLock { mailbox in
            guard !mailbox.hasEnded else { return false }
            mailbox.work.append(work)
            return mailbox.work.count == 1
        }
        if wasEmpty { self.signal() }
    }

    /// Ends `run` after the current turn; may be called from any thread.
    package func stop() {
        self.mailbox.withLock { $0.isStopped = true }
        self.signal()
    }

    /// Serves the loop on the calling thread until `stop`.
    package func run() {
        withUnsafeTemporaryAllocation(of: mesh_event.self, capacity: 256) { events in
            guard let base = events.baseAddress else { return }
            while self.turn(base) {}
        }
        self.closeAll()
    }

    private func turn(_ events: UnsafeMutablePointer<mesh_event>) -> Bool {
        let count = mesh_epoll_wait(self.epoll, events, 256, self.waitMilliseconds())
        let start = LoopActivity.clock
        defer { self.activity.turned(since: start) }
        self.now = mesh_monotonic_ms()
        var hasMail = false
        for index in 0..<max(0, Int(count)) {
            let event = events[index]
            if event.data == Self.wakeUpData {
                hasMail = true
                continue
            }
            let slot = Int(event.data & 0xffff_ffff)
            guard slot < self.sources.count, self.sources[slot].generation == UInt32(event.data >> 32) else { continue }
            self.sources[slot].source?.ready(Readiness(rawValue: event.events))
        }
        self.runAgainQueue()
        let isRunning = hasMail ? self.takeMail() : true
        self.fireTimers()
        self.flushAll()
        self.timerTally.store(self.timers.count, ordering: .relaxed)
        return isRunning
    }

    private func waitMilliseconds() -> Int32 {
        if !self.againQueue.isEmpty { return 0 }
        guard let wait = self.timers.nextWait(now: mesh_monotonic_ms()) else { return -1 }
        return Int32(clamping: wait)
    }

    private func runAgainQueue() {
        guard !self.againQueue.isEmpty else { return }
        var queue: ContiguousArray<EventSource> = []
        swap(&queue, &self.againQueue)
        for source in queue { source.again() }
    }

    private func takeMail() -> Bool {
        var ignored: UInt64 = 0
        _ = Glibc.read(self.wakeUp, &ignored, 8)
        let (work, isStopped) = self.mailbox.withLock { mailbox in
            let taken = mailbox.work
            mailbox.work = []
            return (taken, mailbox.isStopped)
        }
        for item in work { item() }
        return !isStopped
    }

    private func fireTimers() {
        self.timers.advance(to: self.now, expired: &self.expired)
        guard !self.expired.isEmpty else { return }
        var expired: ContiguousArray<LoopTimer> = []
        swap(&expired, &self.expired)
        for timer in expired where timer.slot == LoopTimer.due {
            timer.slot = LoopTimer.idle
            timer.target?.timerFired(timer)
        }
    }

    private func flushAll() {
        while !self.flushQueue.isEmpty {
            var queue: ContiguousArray<EventSource> = []
            swap(&queue, &self.flushQueue)
            for source in queue { source.flush() }
        }
    }

    private func signal() {
        var one: UInt64 = 1
        _ = Glibc.write(self.wakeUp, &one, 8)
    }

    private func closeAll() {
        for index in self.sources.indices {
            guard let source = self.sources[index].source else { continue }
            source.loopEnded()
            source.closeDescriptor()
        }
        self.againQueue = []
        self.flushQueue = []
        // What was handed in too late is let go outside of the lock: it may hold the last reference to something.
        let late = self.mailbox.withLock { mailbox in
            mailbox.hasEnded = true
            let late = mailbox.work
            mailbox.work = []
            return late
        }
        _ = late
    }
}

extension EventLoop {
    /// Watches `descriptor` for `source`, which keeps the source alive until it is closed.
    package func register(_ source: EventSource, descriptor: Int32) throws(SocketError) {
        let slot: Int32
        if let free = self.freeSlots.popLast() {
            slot = free
            self.sources[Int(slot)].source = source
        } else {
            slot = Int32(truncatingIfNeeded: self.sources.count)
            self.sources.append(Registration(source: source, generation: 0))
        }
        let data = UInt64(self.sources[Int(slot)].generation) << 32 | UInt64(UInt32(bitPattern: slot))
        source.descriptor = descriptor
        source.slot = slot
        self.activity.watch(1)
        let result = mesh_epoll_add(self.epoll, descriptor, data)
        if result < 0 {
            self.deregister(source)
            source.descriptor = -1
            throw SocketError(code: -result, call: "epoll_ctl")
        }
    }

    /// Descriptors that the loop watches for sources.
    var sourceCount: Int { self.sources.reduce(0) { $0 + ($1.source == nil ? 0 : 1) } }

    /// Watches for `other` what was watched for `source`; what the kernel tells from now on is for `other`.
    func replace(_ source: EventSource, by other: EventSource) {
        guard source.slot >= 0 else { return }
        (other.descriptor, other.slot) = (source.descriptor, source.slot)
        (source.descriptor, source.slot) = (-1, -1)
        let released = self.sources[Int(other.slot)].source
        self.sources[Int(other.slot)].source = other
        withExtendedLifetime(released) {}
    }

    /// - Parameter tellsKernel: false where the descriptor is about to be closed and nobody shares it.
    func deregister(_ source: EventSource, tellsKernel: Bool = true) {
        guard source.slot >= 0 else { return }
        let slot = Int(source.slot)
        source.slot = -1
        self.activity.watch(-1)
        if tellsKernel { _ = mesh_epoll_remove(self.epoll, source.descriptor) }
        self.sources[slot].generation &+= 1
        self.freeSlots.append(Int32(truncatingIfNeeded: slot))
        // Let go only after the table was written: the last reference may free things that use the loop.
        let released = self.sources[slot].source
        self.sources[slot].source = nil
        withExtendedLifetime(released) {}
    }

    /// Calls `source.flush()` once at the end of this turn; the source makes sure to ask only once.
    package func flushLater(_ source: EventSource) { self.flushQueue.append(source) }

    /// Calls `source.again()` in the next turn without waiting; the source makes sure to ask only once.
    package func runAgain(_ source: EventSource) { self.againQueue.append(source) }

    /// Starts or moves a timer.
    package func start(_ timer: LoopTimer, after milliseconds: UInt64) {
        self.timers.start(timer, after: milliseconds, now: self.now)
    }

    /// Stops a timer.
    package func stop(_ timer: LoopTimer) { self.timers.stop(timer) }

    // MARK: Memory

    /// Asks to keep `count` more bytes of a connection whose last progress was at `progress`; false when there is no
    /// room for it.
    package func hold(_ count: Int, progress: UInt64) -> Bool {
        if self.heldBytes + count > self.heldBytesLimit {
            let isStalled = self.now > progress + 1_000
            if isStalled || self.heldBytes + count > 2 * self.heldBytesLimit { return false }
        }
        self.heldBytes += count
        return true
    }

    /// Counts bytes that are kept whether there is room for them or not: their owner is about to end.
    func holdAnyway(_ count: Int) { self.heldBytes += count }

    /// Gives back what this thread has for the length of a call only, its shared buffers and its stack, until it is needed
    /// again. On the loop's thread, between two connections.
    package func releaseMemory() {
        self.scratch.release()
        self.tlsBuffers.release()
        ProgramStack.release()
    }

    /// Gives bytes back that were held.
    package func release(_ count: Int) { self.heldBytes -= count }

    // MARK: Readable from any thread

    /// How long a shortage counts as one of now, in milliseconds.
    private static let shortageMilliseconds: UInt64 = 2_000

    /// Timers that ran at the end of the loop's last turn.
    package var timerCount: Int { self.timerTally.load(ordering: .relaxed) }

    /// How often a listener had to pause because the process had no descriptor or memory left.
    package var shortageCount: UInt64 { self.shortages.load(ordering: .relaxed) }

    /// Whether that happened within the last two seconds: connections are refused by nobody's will.
    package var isShort: Bool {
        self.shortageCount > 0
            && mesh_monotonic_ms() &- self.lastShortage.load(ordering: .relaxed) < Self.shortageMilliseconds
    }

    /// Notes that a connection could not be accepted for want of descriptors or memory.
    func noteShortage() {
        self.lastShortage.store(self.now, ordering: .relaxed)
        self.shortages.wrappingAdd(1, ordering: .relaxed)
    }
}
