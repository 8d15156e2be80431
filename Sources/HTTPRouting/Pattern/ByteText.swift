/// Comparison of bytes, as texts of requests are compared: Swift's own takes canonically equivalent texts for equal.
extension Span where Element == UInt8 {
    /// Whether `bytes` stand at `position`.
    @inline(__always)
    func has(_ bytes: [UInt8], at position: Int) -> Bool {
        guard position >= 0, self.count - position >= bytes.count else { return false }
        var offset = 0
        while offset < bytes.count {
            if self[position + offset] != bytes[offset] { return false }
            offset += 1
        }
        return true
    }

    /// As ``has(_:at:)``, with ASCII letters of this span taken in lower case; `bytes` must be so already.
    @inline(__always)
    func hasFolded(_ bytes: [UInt8], at position: Int) -> Bool {
        guard position >= 0, self.count - position >= bytes.count else { return false }
        var offset = 0
        while offset < bytes.count {
            if self[position + offset].asciiLowercased != bytes[offset] { return false }
            offset += 1
        }
        return true
    }
}

extension UInt8 {
    /// The lower-case form of an ASCII capital; any other byte as it is.
    @inline(__always)
    var asciiLowercased: UInt8 { self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self }
}
