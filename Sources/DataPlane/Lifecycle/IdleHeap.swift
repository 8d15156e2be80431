package import TunnelEngine

/// Gives back memory that nobody needs any more, once it has become quiet: after many connections have come at once, or
/// have gone, the C library keeps most of the heap, and stacks and shared buffers stay as large as they once were.
///
/// Confined to its own loop; those that it watches have others.
package struct IdleHeap {
    private let own: EventLoop
    private let loops: [EventLoop]
    private var turns: UInt64 = 0
    private var surplus = HeapSurplus()
    /// The turns by which the loops were last told to give back theirs.
    private var releasedTurns: UInt64 = 0

    /// Turns of all loops between two looks up to which it counts as quiet.
    private static let quietTurns: UInt64 = 500

    /// Turns of all loops after which it is worth a turn more of each.
    private static let leastTurns: UInt64 = 4

    /// Works on `own`, and watches `loops`, whose connections would wait while memory is given back.
    package init(own: EventLoop, watching loops: [EventLoop]) {
        self.own = own
        self.loops = loops
    }

    /// Looks, and gives back what is worth it; to be called every other second or so.
    package mutating func look() {
        let turns = self.loops.reduce(UInt64(0)) { $0 &+ $1.activity.turns }
        let isQuiet = turns &- self.turns <= Self.quietTurns
        self.turns = turns
        guard isQuiet else { return }
        self.releaseLoops()
        guard let now = Self.now, self.surplus.isDue(now) else { return }
        ProgramHeap.trim()
        if let after = Self.now { self.surplus.gaveBack(after) }
    }

    /// Each loop's own, on its thread.
    private mutating func releaseLoops() {
        self.own.releaseMemory()
        guard self.turns &- self.releasedTurns >= Self.leastTurns else { return }
        self.releasedTurns = self.turns
        for loop in self.loops { loop.submit { loop.releaseMemory() } }
    }

    /// Nil where the system doesn't say.
    private static var now: HeapSurplus.Look? {
        guard let text = SmallFile.read("/proc/self/statm", limit: 4_096) else { return nil }
        let fields = text.split(separator: " ").prefix(3).compactMap { Int($0) }
        guard fields.count == 3 else { return nil }
        return HeapSurplus.Look(kept: ProgramHeap.kept, resident: (fields[1] - fields[2]) * Self.pageBytes)
    }

    /// Only the order of magnitude matters.
    private static let pageBytes = 4_096
}
