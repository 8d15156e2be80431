/// Gathers the head of a message from pieces, up to a limit.
package struct HTTPHeadBuffer {
    /// What the bytes so far amount to.
    package enum Progress: Hashable {
        /// The blank line has not come yet.
        case more
        /// The head without its blank line, and what came after it.
        case complete(head: [UInt8], rest: [UInt8])
        /// There is no blank line within the limit.
        case tooLong
    }

    private let limit: Int
    private var bytes: [UInt8] = []

    /// Begins a head of at most `limit` bytes including its blank line.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Whether nothing has been received.
    package var isEmpty: Bool { self.bytes.isEmpty }

    /// Takes more bytes.
    package mutating func receive(_ input: some Collection<UInt8>) -> Progress {
        // The end may straddle what was there before.
        let searchFrom = max(0, self.bytes.count - 3)
        self.bytes.append(contentsOf: input)
        var index = searchFrom
        let last = min(self.bytes.count, self.limit) - 4
        while index <= last {
            if self.bytes[index] == 0x0d, self.bytes[index + 1] == 0x0a, self.bytes[index + 2] == 0x0d,
                self.bytes[index + 3] == 0x0a
            {
                let head = Array(self.bytes[..<index])
                let rest = Array(self.bytes[(index + 4)...])
                self.bytes = []
                return .complete(head: head, rest: rest)
            }
            index += 1
        }
        return self.bytes.count >= self.limit ? .tooLong : .more
    }
}
