/// Writes the little of DER (X.690) that requests and certificates need.
enum DER {
    static func sequence(_ parts: [UInt8]...) -> [UInt8] { tagged(0x30, parts.flatMap { $0 }) }
    static func set(_ parts: [UInt8]...) -> [UInt8] { tagged(0x31, parts.flatMap { $0 }) }
    static func octetString(_ bytes: [UInt8]) -> [UInt8] { tagged(0x04, bytes) }
    static func bitString(_ bytes: [UInt8]) -> [UInt8] { tagged(0x03, [0] + bytes) }
    static func utf8String(_ text: String) -> [UInt8] { tagged(0x0C, Array(text.utf8)) }
    static let yes: [UInt8] = [0x01, 0x01, 0xFF]

    /// A context-specific tag around whole values.
    static func explicit(_ number: UInt8, _ parts: [UInt8]...) -> [UInt8] {
        tagged(0xA0 | number & 0x1F, parts.flatMap { $0 })
    }

    /// A context-specific tag in place of a primitive value's own.
    static func implicit(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { tagged(0x80 | number & 0x1F, bytes) }

    static func integer(_ value: UInt64) -> [UInt8] {
        integer(bigEndian: (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) })
    }

    /// An unsigned integer: leading zeros are dropped, and one is put before a byte that would read as negative.
    static func integer(bigEndian bytes: [UInt8]) -> [UInt8] {
        var digits = bytes.drop { $0 == 0 }
        if digits.isEmpty { digits = [0] }
        let isNegativeLooking = (digits.first ?? 0) & 0x80 != 0
        return tagged(0x02, (isNegativeLooking ? [0] : []) + digits)
    }

    static func objectIdentifier(_ arcs: [UInt64]) -> [UInt8] {
        var content: [UInt8] = []
        let first = arcs.prefix(2).reduce(0) { $0 * 40 + $1 }
        for arc in [first] + arcs.dropFirst(2) {
            var groups: [UInt8] = [UInt8(truncatingIfNeeded: arc & 0x7F)]
            var rest = arc >> 7
            while rest > 0 {
                groups.append(UInt8(truncatingIfNeeded: rest & 0x7F) | 0x80)
                rest >>= 7
            }
            content += groups.reversed()
        }
        return tagged(0x06, content)
    }

    /// `UTCTime` up to 2049, `GeneralizedTime` from 2050 on, as RFC 5280 demands.
    ///
    /// - Parameter epochSeconds: seconds since 1970; clamped to the years 1970–9999.
    static func time(_ epochSeconds: Int64) -> [UInt8] {
        let seconds = min(max(epochSeconds, 0), 253_402_300_799)
        // Civil date from days, in years that begin in March, so that the leap day is the last one.
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let clock = seconds % 86_400
        let parts = [month, day, clock / 3_600, clock / 60 % 60, clock % 60]
        let rest: [UInt8] = parts.flatMap { digits($0, 2) } + [UInt8(ascii: "Z")]
        return year < 2050 ? tagged(0x17, digits(year % 100, 2) + rest) : tagged(0x18, digits(year, 4) + rest)
    }

    private static func digits(_ value: Int64, _ count: Int) -> [UInt8] {
        var rest = value
        var text: [UInt8] = []
        for _ in 0..<count {
            text.insert(UInt8(truncatingIfNeeded: rest % 10) + 0x30, at: 0)
            rest /= 10
        }
        return text
    }

    private static func tagged(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var header: [UInt8] = [tag]
        if content.count < 0x80 {
            header.append(UInt8(truncatingIfNeeded: content.count))
        } else {
            var length: [UInt8] = []
            var rest = content.count
            while rest > 0 {
                length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
                rest >>= 8
            }
            header.append(0x80 | UInt8(truncatingIfNeeded: length.count))
            header += length
        }
        return header + content
    }
}

extension DER {
    /// The object identifiers that we write.
    enum Name {
        static let ecdsaWithSHA256 = objectIdentifier([1, 2, 840, 10045, 4, 3, 2])
        static let extensionRequest = objectIdentifier([1, 2, 840, 113_549, 1, 9, 14])
        static let commonName = objectIdentifier([2, 5, 4, 3])
        static let basicConstraints = objectIdentifier([2, 5, 29, 19])
        static let subjectKeyIdentifier = objectIdentifier([2, 5, 29, 14])
        static let authorityKeyIdentifier = objectIdentifier([2, 5, 29, 35])
        static let keyUsage = objectIdentifier([2, 5, 29, 15])
        static let extendedKeyUsage = objectIdentifier([2, 5, 29, 37])
        static let subjectAlternativeName = objectIdentifier([2, 5, 29, 17])
        static let serverAuthentication = objectIdentifier([1, 3, 6, 1, 5, 5, 7, 3, 1])
        static let crlNumber = objectIdentifier([2, 5, 29, 20])
        static let deltaCRLIndicator = objectIdentifier([2, 5, 29, 27])
        static let clientAuthentication = objectIdentifier([1, 3, 6, 1, 5, 5, 7, 3, 2])
    }

    /// An X.509 extension.
    static func certificateExtension(_ name: [UInt8], isCritical: Bool, _ value: [UInt8]) -> [UInt8] {
        isCritical ? sequence(name, yes, octetString(value)) : sequence(name, octetString(value))
    }
}
