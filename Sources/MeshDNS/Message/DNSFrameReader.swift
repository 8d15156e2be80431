/// Takes messages out of a stream, where each has its length in front (RFC 1035 §4.2.2).
package struct DNSFrameReader: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    /// An empty stream.
    package init() {}

    /// Bytes that are not taken yet.
    package var count: Int { self.buffer.count - self.start }

    /// Adds bytes that came.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if self.start > 0 {
            self.buffer.removeFirst(self.start)
            self.start = 0
        }
        self.buffer.append(contentsOf: bytes)
    }

    /// The next whole message; nil when more bytes are needed.
    package mutating func next() -> [UInt8]? {
        guard self.count >= 2 else { return nil }
        let length = Int(self.buffer[self.start]) << 8 | Int(self.buffer[self.start + 1])
        guard self.count >= 2 + length else { return nil }
        let message = Array(self.buffer[self.start + 2..<self.start + 2 + length])
        self.start += 2 + length
        if self.start == self.buffer.count {
            self.buffer = []
            self.start = 0
        }
        return message
    }

    /// A message with its length in front; nil when it has more than 65,535 bytes.
    package static func framed(_ message: [UInt8]) -> [UInt8]? {
        guard message.count <= 65_535 else { return nil }
        return [UInt8(message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message
    }
}
