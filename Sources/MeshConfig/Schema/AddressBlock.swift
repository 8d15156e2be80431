import MeshModel

/// An IP address, or a block of them in CIDR notation (RFC 4632).
struct AddressBlock: Hashable, Sendable {
    var base: IPAddress
    var prefixLength: Int

    /// Whether it is one address alone.
    var isSingle: Bool { self.prefixLength == (self.base.isV4 ? 32 : 128) }

    /// Reads `10.0.0.1` or `10.0.0.0/8`; nil for anything else.
    init?(parsing text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(parsing: first) else { return nil }
        let longest = base.isV4 ? 32 : 128
        self.base = base
        self.prefixLength = longest
        guard parts.count == 2 else { return }
        guard let length = parts.last, (1...3).contains(length.utf8.count),
            length.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(length), number <= longest
        else { return nil }
        self.prefixLength = number
    }
}
