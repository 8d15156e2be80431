import MeshModel

/// A request's body on its way: what waits to be sent, and what is kept so that it can be sent again.
///
/// Places are counted in bytes from the body's start.
struct RequestBody {
    /// Whether nothing more comes.
    private(set) var isWhole = false
    /// What came behind the body.
    private(set) var trailers: [HeaderField] = []
    private var kept: [UInt8] = []
    /// The place of the first byte that is held.
    private(set) var start = 0
    private let limit: Int
    private(set) var isReplayable: Bool
    /// Up to where the client was given credit.
    private var credited = 0

    /// - Parameter limit: the most bytes that are kept for another attempt.
    init(limit: Int, isReplayable: Bool, isWhole: Bool = false) {
        self.limit = limit
        self.isReplayable = isReplayable
        self.isWhole = isWhole
    }

    /// Whether nothing is held.
    var isEmpty: Bool { self.kept.isEmpty }

    /// How many bytes are held.
    var count: Int { self.kept.count }

    /// The place behind the last byte that came.
    var end: Int { self.start + self.kept.count }

    /// Whether all of it could be sent again.
    var canReplay: Bool { self.isReplayable && self.start == 0 }

    /// Takes bytes that came.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        self.kept.append(contentsOf: bytes)
        if self.isReplayable, self.kept.count > self.limit { self.isReplayable = false }
    }

    /// Notes bytes that were sent on at once and are not kept.
    mutating func passed(_ count: Int) { self.start += count }

    /// The body has ended.
    mutating func finish(trailers: [HeaderField] = []) {
        self.isWhole = true
        self.trailers = trailers
    }

    /// Gives what lies behind `place` to `body`, at most `room` bytes; returns how many there were.
    func take(from place: Int, room: Int, _ body: (UnsafeRawBufferPointer, _ isLast: Bool) -> Void) -> Int {
        let offset = place - self.start
        guard offset >= 0, offset < self.kept.count, room > 0 else { return 0 }
        let count = min(room, self.kept.count - offset)
        self.kept.withUnsafeBytes { bytes in
            body(
                UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]),
                self.isWhole && offset + count == bytes.count
            )
        }
        return count
    }

    /// All that is held, from the body's start; nil when the start is gone.
    var whole: [UInt8]? { self.start == 0 ? self.kept : nil }

    /// Notes that everything before `place` was sent: what need not be kept is dropped.
    /// - Returns: how many bytes the client may be given credit for.
    mutating func sent(to place: Int) -> Int {
        if !self.isReplayable {
            let count = min(place - self.start, self.kept.count)
            if count == self.kept.count {
                self.kept.removeAll(keepingCapacity: false)
            } else if count > 0 {
                self.kept.removeFirst(count)
            }
            self.start += max(0, count)
        }
        return self.credit(to: place)
    }

    /// What the client may be given credit for when everything up to `place` counts as taken.
    mutating func credit(to place: Int) -> Int {
        let count = place - self.credited
        guard count > 0 else { return 0 }
        self.credited = place
        return count
    }

    /// There will be no other attempt.
    mutating func stopKeeping(sent place: Int) -> Int {
        self.isReplayable = false
        return self.sent(to: place)
    }
}
