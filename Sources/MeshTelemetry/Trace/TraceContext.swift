/// The ids that join both ends' log lines of a connection, as W3C Trace Context carries them.
package struct TraceContext: Hashable, Sendable {
    /// The trace id, 128 bits, never all zero.
    package let traceHigh: UInt64
    /// The lower half of the trace id.
    package let traceLow: UInt64
    /// The parent id, never zero: the span that the receiver's own is below.
    package let parent: UInt64
    /// Whether somebody records this trace.
    package var isSampled = false

    /// Makes random ids.
    package init(using generator: inout some RandomNumberGenerator) {
        self.traceHigh = max(1, generator.next())
        self.traceLow = generator.next()
        self.parent = max(1, generator.next())
    }

    /// The same trace with a new random parent: the span of somebody who goes on with it.
    package func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(
            traceHigh: self.traceHigh,
            traceLow: self.traceLow,
            parent: max(1, generator.next()),
            isSampled: self.isSampled
        )
    }

    init(traceHigh: UInt64, traceLow: UInt64, parent: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.parent = parent
        self.isSampled = isSampled
    }

    /// Parses a `traceparent` value of version 00; nil when malformed.
    package init?(parsing text: String) {
        var text = text
        guard let found = text.withUTF8({ Self.parse($0) }) else { return nil }
        self = found
    }

    /// Reads `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
    private static func parse(_ text: UnsafeBufferPointer<UInt8>) -> TraceContext? {
        let dash = UInt8(ascii: "-")
        guard text.count == 55, text[2] == dash, text[35] == dash, text[52] == dash, self.hex(text[0..<2]) == 0,
            let high = self.hex(text[3..<19]), let low = self.hex(text[19..<35]), let parent = self.hex(text[36..<52]),
            let flags = self.hex(text[53..<55]), high | low != 0, parent != 0
        else { return nil }
        return TraceContext(traceHigh: high, traceLow: low, parent: parent, isSampled: flags & 1 == 1)
    }

    /// The `traceparent` value.
    package var header: String {
        String(unsafeUninitializedCapacity: 55) { text in
            let dash = UInt8(ascii: "-")
            (text[0], text[1], text[2]) = (UInt8(ascii: "0"), UInt8(ascii: "0"), dash)
            Self.write(self.traceHigh, into: text, at: 3)
            Self.write(self.traceLow, into: text, at: 19)
            text[35] = dash
            Self.write(self.parent, into: text, at: 36)
            let flag = UInt8(ascii: self.isSampled ? "1" : "0")
            (text[52], text[53], text[54]) = (dash, UInt8(ascii: "0"), flag)
            return 55
        }
    }

    /// The trace id as 32 hexadecimal digits.
    package var traceID: String {
        String(unsafeUninitializedCapacity: 32) { text in
            Self.write(self.traceHigh, into: text, at: 0)
            Self.write(self.traceLow, into: text, at: 16)
            return 32
        }
    }

    /// A number as 16 hexadecimal digits.
    static func text(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { text in
            Self.write(number, into: text, at: 0)
            return 16
        }
    }

    /// Writes the number's 16 lower-case hexadecimal digits.
    private static func write(_ number: UInt64, into text: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: number >> (60 - 4 * UInt64(place))) & 15
            text[start + place] = digit < 10 ? 48 + digit : 87 + digit
        }
    }

    /// The number of at most 16 lower-case hexadecimal digits.
    static func hex(_ digits: some StringProtocol) -> UInt64? {
        let digits = Array(digits.utf8)
        guard (1...16).contains(digits.count) else { return nil }
        return digits.withUnsafeBufferPointer { self.hex($0[...]) }
    }

    private static func hex(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case 48...57: number = number << 4 | UInt64(digit - 48)
            case 97...102: number = number << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return number
    }
}
