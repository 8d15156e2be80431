/// The steps by which paths are brought to one form.
enum PathText {
    private static let slash = UInt8(ascii: "/")
    private static let backslash = UInt8(ascii: "\\")

    /// Decodes the escapes of slashes and backslashes, both to a slash.
    static func decodingSlashes(_ path: [UInt8]) -> [UInt8] {
        self.decoding(path, as: { $0 == self.backslash ? self.slash : $0 }) { $0 == self.slash || $0 == self.backslash }
    }

    /// Decodes the escapes of unreserved characters (RFC 3986 §2.3), once, and makes backslashes slashes.
    static func decodingUnreserved(_ path: [UInt8]) -> [UInt8] {
        self.decoding(path, where: self.isUnreserved).map { $0 == self.backslash ? self.slash : $0 }
    }

    /// Decodes the escapes whose byte passes; the others stay as they are, and so does a percent sign that begins none.
    static func decoding(
        _ path: [UInt8],
        as replacement: (UInt8) -> UInt8 = { $0 },
        where isDecoded: (UInt8) -> Bool
    ) -> [UInt8] {
        guard path.contains(UInt8(ascii: "%")) else { return path }
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var position = 0
        while position < path.count {
            if path[position] == UInt8(ascii: "%"), position + 2 < path.count,
                let high = self.digit(path[position + 1]), let low = self.digit(path[position + 2]),
                isDecoded(high << 4 | low)
            {
                result.append(replacement(high << 4 | low))
                position += 3
            } else {
                result.append(path[position])
                position += 1
            }
        }
        return result
    }

    /// Cuts each segment off before its first semicolon.
    static func withoutParameters(_ path: [UInt8]) -> [UInt8] {
        guard path.contains(UInt8(ascii: ";")) else { return path }
        var isParameter = false
        return path.filter { byte in
            if byte == self.slash || byte == self.backslash {
                isParameter = false
            } else if byte == UInt8(ascii: ";") {
                isParameter = true
            }
            return !isParameter
        }
    }

    /// Removes dot segments (RFC 3986 §5.2.4). An empty segment is a segment, so `/a//../b` is `/a/b`.
    static func withoutDotSegments(_ path: [UInt8]) -> [UInt8] {
        var segments: [ArraySlice<UInt8>] = []
        let parts = path.dropFirst().split(separator: self.slash, omittingEmptySubsequences: false)
        for (number, part) in parts.enumerated() {
            let isLast = number == parts.count - 1
            if part.elementsEqual([UInt8(ascii: ".")]) {
                if isLast { segments.append([]) }
            } else if part.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) {
                _ = segments.popLast()
                if isLast { segments.append([]) }
            } else {
                segments.append(part)
            }
        }
        return [self.slash] + segments.joined(separator: CollectionOfOne(self.slash))
    }

    static func mergingSlashes(_ path: [UInt8]) -> [UInt8] {
        var previous: UInt8 = 0
        return path.filter { byte in
            defer { previous = byte }
            return byte != self.slash || previous != self.slash
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
