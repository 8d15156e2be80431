/// The open streams of a connection by identifier: open addressing, because the table is asked once a frame.
///
/// Identifiers of one connection have one parity and rise by two, so half the identifier is a good hash. A peer that
/// picks colliding ones makes a probe as long as the number of its open streams, which is bounded.
struct HTTP2StreamTable {
    private static let smallest = 16

    private var slots: [HTTP2Stream?] = []
    private(set) var count = 0

    /// The open stream of that identifier.
    @inline(__always)
    func find(_ id: UInt32) -> HTTP2Stream? {
        guard self.count > 0 else { return nil }
        let mask = self.slots.count &- 1
        var index = Int(truncatingIfNeeded: id >> 1) & mask
        // At least half of the slots are empty, so this ends.
        while let stream = self.slots[index] {
            if stream.id == id { return stream }
            index = (index &+ 1) & mask
        }
        return nil
    }

    /// Every open stream, oldest first.
    var all: [HTTP2Stream] {
        self.slots.compactMap { $0 }.sorted { $0.id < $1.id }
    }

    mutating func insert(_ stream: HTTP2Stream) {
        if (self.count + 1) * 2 > self.slots.count { self.resize(to: max(Self.smallest, self.slots.count * 2)) }
        self.place(stream)
        self.count += 1
    }

    mutating func remove(_ id: UInt32) {
        guard self.count > 0 else { return }
        let mask = self.slots.count - 1
        var hole = Int(id >> 1) & mask
        while let stream = self.slots[hole], stream.id != id { hole = (hole + 1) & mask }
        guard self.slots[hole] != nil else { return }
        self.slots[hole] = nil
        self.count -= 1
        // Move later members of the run back, so that no probe stops at the hole.
        var index = (hole + 1) & mask
        while let stream = self.slots[index] {
            let home = Int(stream.id >> 1) & mask
            if ((index - home) & mask) >= ((index - hole) & mask) {
                self.slots[hole] = stream
                self.slots[index] = nil
                hole = index
            }
            index = (index + 1) & mask
        }
        if self.count == 0, self.slots.count > Self.smallest { self.slots = [] }
    }

    mutating func removeAll() {
        self.slots = []
        self.count = 0
    }

    private mutating func place(_ stream: HTTP2Stream) {
        let mask = self.slots.count - 1
        var index = Int(stream.id >> 1) & mask
        while self.slots[index] != nil { index = (index + 1) & mask }
        self.slots[index] = stream
    }

    private mutating func resize(to size: Int) {
        let old = self.slots
        self.slots = Array(repeating: nil, count: size)
        for case let stream? in old { self.place(stream) }
    }
}
