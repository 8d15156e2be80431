/// `x-request-id`: a random UUID whose 15th character tells why a request is traced, as Envoy writes it.
package enum RequestID {
    /// Why a request is traced.
    package enum Reason: UInt8, Sendable {
        /// It isn't; the digit of any random UUID.
        case none = 0x34
        /// A sampler chose it.
        case sampled = 0x39
        /// The client asked for it.
        case client = 0x61
        /// Somebody inside of the mesh forced it.
        case forced = 0x62
    }

    private static let length = 36
    private static let reasonPlace = 14
    private static let digits = Array("0123456789abcdef".utf8)

    /// A new id.
    package static func make(_ reason: Reason = .none, using generator: inout some RandomNumberGenerator) -> String {
        let words: (UInt64, UInt64) = (generator.next(), generator.next())
        return String(unsafeUninitializedCapacity: Self.length) { buffer in
            var nibble = 0
            for place in 0..<Self.length {
                switch place {
                case 8, 13, 18, 23: buffer[place] = UInt8(ascii: "-")
                default:
                    let word = nibble < 16 ? words.0 : words.1
                    var value = word >> UInt64(60 - nibble % 16 * 4) & 15
                    // The variant of RFC 9562 §4.1: 10xx.
                    if place == 19 { value = value & 3 | 8 }
                    buffer[place] = Self.digits[Int(value)]
                    nibble += 1
                }
            }
            buffer[Self.reasonPlace] = reason.rawValue
            return Self.length
        }
    }

    /// Why a request is traced; nil for an id that isn't such a UUID.
    package static func reason(of id: String) -> Reason? {
        guard Self.isUUID(id) else { return nil }
        return id.utf8.dropFirst(Self.reasonPlace).first.flatMap { Reason(rawValue: $0 | ($0 >= 0x41 ? 0x20 : 0)) }
    }

    /// The id with another reason; ids that aren't such UUIDs stay as they are.
    package static func setting(_ reason: Reason, in id: String) -> String {
        guard Self.isUUID(id) else { return id }
        var bytes = Array(id.utf8)
        bytes[Self.reasonPlace] = reason.rawValue
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUUID(_ id: String) -> Bool {
        guard id.utf8.count == Self.length else { return false }
        return id.utf8.enumerated().allSatisfy { place, byte in
            switch place {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: (48...57).contains(byte) || (97...102).contains(byte | 0x20)
            }
        }
    }
}
