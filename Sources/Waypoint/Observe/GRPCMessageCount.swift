/// Counts the messages of one direction of a gRPC call while its bytes pass: each is preceded by a byte for compression
/// and four for its length. Looks at those five bytes alone.
struct GRPCMessageCount {
    /// Messages whose beginning has passed.
    private(set) var messages: UInt64 = 0
    private var prefix: UInt32 = 0
    private var prefixCount = 0
    private var left: UInt64 = 0

    private static let prefixLength = 5

    /// Bytes pass.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var place = 0
        while place < bytes.count {
            if self.left > 0 {
                let step = Int(min(self.left, UInt64(bytes.count - place)))
                place += step
                self.left -= UInt64(step)
                continue
            }
            // The byte for compression is shifted out by the four of the length.
            self.prefix = self.prefix << 8 | UInt32(bytes[place])
            place += 1
            self.prefixCount += 1
            guard self.prefixCount == Self.prefixLength else { continue }
            self.messages &+= 1
            self.left = UInt64(self.prefix)
            self.prefix = 0
            self.prefixCount = 0
        }
    }
}
