/// Cuts a stream of bytes into gRPC messages: one flag byte, four bytes of length, then the message.
///
/// A length over the limit is refused before any memory is taken for it.
package struct GRPCMessageReader {
    /// Why the bytes are no messages that we take.
    package enum Failure: Error, Hashable, Sendable {
        /// The length exceeds the limit, both in bytes.
        case tooLarge(length: UInt32, limit: Int)
        /// The message is compressed although we asked for none.
        case compressed
        /// The flag is neither 0 nor 1.
        case invalidFlag(UInt8)
    }

    private static let prefixBytes = 5

    private let limit: Int
    private var buffer: [UInt8] = []
    /// How much of ``buffer`` was given out already.
    private var start = 0

    /// Begins a stream whose messages may have up to `limit` bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Whether the stream may end here: no message is cut in two.
    package var isAtBoundary: Bool { self.start == self.buffer.count }

    /// Bytes that wait for the rest of their message.
    package var pendingBytes: Int { self.buffer.count - self.start }

    /// Takes bytes of the stream; ``next()`` then gives the messages they complete.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        if self.start > 0 {
            self.buffer.removeFirst(self.start)
            self.start = 0
        }
        if self.buffer.isEmpty, self.buffer.capacity > 65_536 { self.buffer = [] }
        self.buffer.append(contentsOf: bytes)
    }

    /// The next whole message; nil when more bytes are needed. After a failure the stream is of no more use.
    package mutating func next() throws(Failure) -> [UInt8]? {
        guard self.pendingBytes >= Self.prefixBytes else { return nil }
        let prefix = self.buffer[self.start..<(self.start + Self.prefixBytes)]
        let flag = prefix.first ?? 0
        guard flag == 0 else { throw flag == 1 ? .compressed : .invalidFlag(flag) }
        let length = prefix.dropFirst().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard UInt64(length) <= UInt64(max(0, self.limit)) else {
            throw .tooLarge(length: length, limit: self.limit)
        }
        let messageStart = self.start + Self.prefixBytes
        guard self.buffer.count - messageStart >= Int(length) else { return nil }
        let message = Array(self.buffer[messageStart..<(messageStart + Int(length))])
        self.start = messageStart + Int(length)
        return message
    }

    /// The bytes of an uncompressed message with its prefix; nil when it doesn't fit into four bytes of length.
    package static func frame(_ message: [UInt8]) -> [UInt8]? {
        guard let length = UInt32(exactly: message.count) else { return nil }
        var bytes: [UInt8] = [0]
        bytes.reserveCapacity(message.count + Self.prefixBytes)
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        return bytes + message
    }
}
