import Glibc

/// What single bytes may be in HTTP/1.1 (RFC 9110 §5, RFC 9112).
enum HTTP1Bytes {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0a
    static let carriageReturn: UInt8 = 0x0d
    static let space: UInt8 = 0x20

    /// A byte of a token (RFC 9110 §5.6.2): two words of bits, one for each of the first 128 bytes.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let bits: UInt64 = byte < 64 ? 0x03ff_6cfa_0000_0000 : 0x57ff_ffff_c7ff_fffe
        return bits >> UInt64(byte & 63) & 1 == 1
    }

    /// A byte of a field's value: no control character but the tab.
    @inline(__always)
    static func isValue(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7f) || byte == self.tab }

    /// A byte of a request's target: neither blank nor control character.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7f }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == self.space || byte == self.tab }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The byte without its case, where it is a letter.
    @inline(__always)
    static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// The value of a hexadecimal digit.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt64? {
        if self.isDigit(byte) { return UInt64(byte &- 0x30) }
        let letter = byte | 0x20
        return letter &- 0x61 < 6 ? UInt64(letter &- 0x57) : nil
    }

    /// Whether these are the bytes of `text`, but for the case; `text` has no upper-case letters.
    static func isEqual(_ bytes: UnsafeRawBufferPointer, ignoringCase text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<bytes.count where self.lowered(bytes[index]) != other[index] { return false }
        return true
    }

    /// Without blanks at the ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, self.isBlank(bytes[start]) { start += 1 }
        while end > start, self.isBlank(bytes[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    /// Where `byte` is first.
    @inline(__always)
    static func index(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, Int32(byte), bytes.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The text of bytes whose characters were checked; nil when they are no UTF-8. What is only a little repaired would
    /// be judged by us as something else than what the far side reads.
    @inline(__always)
    static func text(_ bytes: UnsafeRawBufferPointer, isASCII: Bool) -> String? {
        let units = bytes.assumingMemoryBound(to: UInt8.self)
        return isASCII ? String(decoding: units, as: UTF8.self) : String(validating: units, as: UTF8.self)
    }

    /// The text in lower case; only for tokens.
    static func loweredText(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { space in
            for index in 0..<bytes.count { space[index] = self.lowered(bytes[index]) }
            return bytes.count
        }
    }
}
