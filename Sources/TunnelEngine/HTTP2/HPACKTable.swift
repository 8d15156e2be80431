import MeshModel

/// The dynamic table of RFC 7541 §2.3.2: a first-in first-out list of fields bounded by their size.
struct HPACKTable {
    /// The size that both sides start with, and the largest that we ever use.
    static let defaultMaximumSize = 4096

    /// The newest entry is at `head`, older ones after it.
    private var ring: [HTTP2Header?] = []
    private var head = 0
    private(set) var count = 0
    /// Bytes held, as RFC 7541 §4.1 counts them.
    private(set) var size = 0
    /// Bytes allowed.
    private(set) var maximumSize = HPACKTable.defaultMaximumSize

    /// The entry at `position`, 0 being the newest; nil when there is none.
    subscript(position: Int) -> HTTP2Header? {
        guard position >= 0, position < self.count else { return nil }
        return self.ring[(self.head + position) & (self.ring.count - 1)]
    }

    /// Adds a field and evicts the oldest until all fit; one larger than the table empties it (RFC 7541 §4.4).
    mutating func insert(_ header: HTTP2Header) {
        let added = header.listSize
        self.evict(until: self.maximumSize - added)
        guard added <= self.maximumSize else { return }
        if self.count == self.ring.count { self.grow() }
        self.head = (self.head - 1) & (self.ring.count - 1)
        self.ring[self.head] = header
        self.count += 1
        self.size += added
    }

    mutating func setMaximumSize(_ maximum: Int) {
        self.maximumSize = maximum
        self.evict(until: maximum)
    }

    /// The position of the whole field, or else of a field with its name.
    func find(_ header: HTTP2Header) -> (position: Int, isExact: Bool)? {
        var named: Int?
        for position in 0..<self.count {
            guard let entry = self[position], entry.name == header.name else { continue }
            if entry.value == header.value { return (position, true) }
            if named == nil { named = position }
        }
        return named.map { ($0, false) }
    }

    private mutating func evict(until limit: Int) {
        while self.count > 0, self.size > limit {
            let last = (self.head + self.count - 1) & (self.ring.count - 1)
            self.size -= self.ring[last]?.listSize ?? 0
            self.ring[last] = nil
            self.count -= 1
        }
    }

    /// Doubles the ring: sizes are powers of two. An entry takes 32 bytes at least, so it ends at 128.
    private mutating func grow() {
        var larger: [HTTP2Header?] = Array(repeating: nil, count: max(8, self.ring.count * 2))
        for position in 0..<self.count { larger[position] = self[position] }
        self.ring = larger
        self.head = 0
    }
}
