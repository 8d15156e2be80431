package import TunnelEngine

/// Gives back heap memory that nobody needs any more, once it has become quiet: after many connections have come at once,
/// or have gone, the C library keeps most of it.
///
/// Confined to one thread; the loops that it watches may have others.
package struct IdleHeap {
    private let loops: [EventLoop]
    private var turns: UInt64 = 0
    private var surplus = HeapSurplus()

    /// Turns of all loops between two looks up to which it counts as quiet.
    private static let quietTurns: UInt64 = 500

    /// Watches these loops, whose connections would wait while memory is given back.
    package init(loops: [EventLoop]) { self.loops = loops }

    /// Looks, and gives back what is worth it; to be called every other second or so.
    package mutating func look() {
        let turns = self.loops.reduce(UInt64(0)) { $0 &+ $1.activity.turns }
        let isQuiet = turns &- self.turns <= Self.quietTurns
        self.turns = turns
        guard isQuiet, let now = Self.now, self.surplus.isDue(now) else { return }
        ProgramHeap.trim()
        if let after = Self.now { self.surplus.gaveBack(after) }
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
