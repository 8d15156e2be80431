/// A domain name (RFC 1035 §3.1), in lower case, as names that differ in case only are the same.
package struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// The most bytes of a name on the wire, lengths and the root included.
    static let maximumBytes = 255

    /// The labels, of any bytes, 1 to 63 each.
    let labels: [[UInt8]]

    /// The root.
    package static let root = DNSName(unchecked: [])

    private init(unchecked labels: [[UInt8]]) { self.labels = labels }

    /// Joins labels; throws ``DNSError/invalidName`` when one is empty or too long, or all together are.
    init(labels: [[UInt8]]) throws(DNSError) {
        var count = 1
        for label in labels {
            guard (1...63).contains(label.count) else { throw .invalidName }
            count += label.count + 1
        }
        guard count <= Self.maximumBytes else { throw .invalidName }
        self.labels = labels.map { $0.map(Self.lowercased) }
    }

    /// Reads `a.b.c` or `a.b.c.`; nil unless every label has 1 to 63 visible ASCII characters and the name fits.
    package init?(parsing text: String) {
        var bytes = Array(text.utf8.prefix(Self.maximumBytes + 1))
        if bytes == [UInt8(ascii: ".")] {
            self = .root
            return
        }
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            return nil
        }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        guard let name = try? DNSName(labels: labels) else { return nil }
        self = name
    }

    /// This name with `suffix` behind it; nil when that is too long.
    package func appending(_ suffix: DNSName) -> DNSName? { try? DNSName(labels: self.labels + suffix.labels) }

    /// How many labels it has.
    var count: Int { self.labels.count }

    /// The label at its end; nil for the root.
    var last: [UInt8]? { self.labels.last }

    /// The names above it, the nearest first, without the root.
    var ancestors: some Sequence<DNSName> {
        self.labels.indices.dropFirst().lazy.map { DNSName(unchecked: Array(self.labels[$0...])) }
    }

    /// This name without `suffix`; nil unless it ends in it and something is left.
    func removing(suffix: DNSName) -> DNSName? {
        guard self.labels.count > suffix.labels.count, !suffix.labels.isEmpty,
            self.labels.suffix(suffix.labels.count).elementsEqual(suffix.labels)
        else { return nil }
        return DNSName(unchecked: Array(self.labels.dropLast(suffix.labels.count)))
    }

    /// Labels joined by dots, without one at the end; bytes that are not visible ASCII, and dots, as `\DDD`.
    package var description: String {
        guard !self.labels.isEmpty else { return "." }
        var text: [UInt8] = []
        text.reserveCapacity(self.labels.reduce(0) { $0 + $1.count + 1 })
        for label in self.labels {
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            for byte in label {
                if (0x21...0x7e).contains(byte), byte != UInt8(ascii: "."), byte != UInt8(ascii: "\\") {
                    text.append(byte)
                } else {
                    text += [0x5c, 0x30 + byte / 100, 0x30 + byte / 10 % 10, 0x30 + byte % 10]
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
