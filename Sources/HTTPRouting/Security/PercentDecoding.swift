/// Decodes `%XX` (RFC 3986 §2.1).
enum PercentDecoding {
    /// The bytes, and whether every `%` began an escape; what is none stays as it is.
    static func decode(_ text: some Sequence<UInt8>, plusIsBlank: Bool) -> (bytes: [UInt8], isWellFormed: Bool) {
        var bytes: [UInt8] = []
        var pending: [UInt8] = []
        var isWellFormed = true
        for byte in text {
            if !pending.isEmpty {
                if Self.digit(byte) != nil {
                    pending.append(byte)
                    if pending.count == 3, let high = Self.digit(pending[1]), let low = Self.digit(pending[2]) {
                        bytes.append(high << 4 | low)
                        pending.removeAll(keepingCapacity: true)
                    }
                    continue
                }
                isWellFormed = false
                bytes += pending
                pending.removeAll(keepingCapacity: true)
            }
            if byte == UInt8(ascii: "%") {
                pending.append(byte)
            } else {
                bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return (bytes + pending, isWellFormed && pending.isEmpty)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
