/// Percent-encoding with the unreserved set of RFC 3986 §2.3, as the signature asks for.
package enum PercentEncoding {
    /// Encodes every byte of the UTF-8 text but letters, digits, `-`, `.`, `_` and `~`.
    ///
    /// - Parameters:
    ///   - text: the text to encode.
    ///   - kept: further ASCII bytes that stay as they are, such as `/` in a path.
    package static func encode(_ text: some StringProtocol, keeping kept: [UInt8] = []) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if Self.isUnreserved(byte) || kept.contains(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(Self.upperDigit(byte >> 4))
                encoded.append(Self.upperDigit(byte & 0x0f))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Reads `%XX` back into bytes; a `%` without two hex digits after it stays as it is.
    package static func decode(_ text: some StringProtocol) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.utf8.count)
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(Self.value),
                let low = rest.dropFirst().first.flatMap(Self.value)
            {
                decoded.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
