/// Base64 as in RFC 4648, strict: no line breaks, no foreign characters, no stray bits.
package enum Base64 {
    /// Which of RFC 4648's two alphabets, with the padding that goes with it here.
    package enum Alphabet: Sendable {
        /// `+` and `/`, padded with `=`.
        case standard
        /// `-` and `_`, without padding.
        case url
    }

    /// The text form of `bytes`.
    package static func encode(_ bytes: some Collection<UInt8>, _ alphabet: Alphabet = .standard) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var accumulator: UInt32 = 0
        var bits = 0
        for byte in bytes {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(character(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)) & 0x3F, alphabet))
            }
        }
        if bits > 0 {
            text.append(character(UInt8(truncatingIfNeeded: accumulator << UInt32(6 - bits)) & 0x3F, alphabet))
        }
        if case .standard = alphabet {
            while !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `text`, or nil when it isn't exactly what ``encode(_:_:)`` would have written.
    package static func decode(_ text: some Sequence<UInt8>, _ alphabet: Alphabet = .standard) -> [UInt8]? {
        var bytes: [UInt8] = []
        var accumulator: UInt32 = 0
        var bits = 0
        var digits = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "="), alphabet == .standard {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(character, alphabet) else { return nil }
            digits += 1
            accumulator = (accumulator << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
            }
        }
        // One digit alone carries less than a byte; the bits left over must be zero, so that no two texts are equal.
        guard digits % 4 != 1, accumulator & (1 << UInt32(bits) - 1) == 0 else { return nil }
        let expectedPadding = alphabet == .standard ? (4 - digits % 4) % 4 : 0
        return padding == expectedPadding ? bytes : nil
    }

    private static func character(_ value: UInt8, _ alphabet: Alphabet) -> UInt8 {
        switch value {
        case 0..<26: value + UInt8(ascii: "A")
        case 26..<52: value - 26 + UInt8(ascii: "a")
        case 52..<62: value - 52 + UInt8(ascii: "0")
        case 62: alphabet == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-")
        default: alphabet == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_")
        }
    }

    private static func value(_ character: UInt8, _ alphabet: Alphabet) -> UInt8? {
        switch (character, alphabet) {
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), _): character - UInt8(ascii: "A")
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _): character - UInt8(ascii: "a") + 26
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), _): character - UInt8(ascii: "0") + 52
        case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .url): 62
        case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .url): 63
        default: nil
        }
    }
}
