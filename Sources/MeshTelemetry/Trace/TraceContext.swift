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
        self.traceHigh = .random(in: 1 ... .max, using: &generator)
        self.traceLow = .random(in: 0 ... .max, using: &generator)
        self.parent = .random(in: 1 ... .max, using: &generator)
    }

    /// The same trace with a new random parent: the span of somebody who goes on with it.
    package func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(
            traceHigh: self.traceHigh,
            traceLow: self.traceLow,
            parent: .random(in: 1 ... .max, using: &generator),
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
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.count == 55 else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00", parts[1].utf8.count == 32, parts[2].utf8.count == 16,
            let high = Self.hex(parts[1].prefix(16)), let low = Self.hex(parts[1].dropFirst(16)),
            let parent = Self.hex(parts[2]), let flags = Self.hex(parts[3]), high | low != 0, parent != 0
        else { return nil }
        self.traceHigh = high
        self.traceLow = low
        self.parent = parent
        self.isSampled = flags & 1 == 1
    }

    /// The `traceparent` value.
    package var header: String {
        "00-\(self.traceID)-\(Self.text(self.parent))-\(self.isSampled ? "01" : "00")"
    }

    /// The trace id as 32 hexadecimal digits.
    package var traceID: String { Self.text(self.traceHigh) + Self.text(self.traceLow) }

    /// A number as 16 hexadecimal digits.
    static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The number of at most 16 lower-case hexadecimal digits.
    static func hex(_ digits: some StringProtocol) -> UInt64? {
        let isLowerHex = digits.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        return isLowerHex ? UInt64(digits, radix: 16) : nil
    }
}
