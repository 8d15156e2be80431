/// Which application protocols a session offers or takes (ALPN, RFC 7301).
package struct TLSProtocols: Sendable, Hashable {
    /// Their names, the preferred one first.
    package var names: [String]
    /// Whether a peer that agrees on none of them is refused.
    package var isRequired: Bool

    /// Joins the parts; names that are empty or longer than 255 bytes are left out.
    package init(_ names: [String], isRequired: Bool) {
        self.names = names.filter { (1...255).contains($0.utf8.count) }
        self.isRequired = isRequired
    }

    /// HTTP/2 and nothing else: what tunnels and gRPC speak.
    package static let http2 = TLSProtocols(["h2"], isRequired: true)
    /// HTTP/1.1, also with peers that do not know ALPN.
    package static let http11 = TLSProtocols(["http/1.1"], isRequired: false)
    /// Nothing is said of what follows.
    package static let none = TLSProtocols([], isRequired: false)

    /// What ALPN sends: each name behind its length.
    var encoded: [UInt8] {
        self.names.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
    }

    /// Whether a session may go on with what was agreed on.
    func accepts(_ agreed: String?) -> Bool {
        agreed.map(self.names.contains) ?? !self.isRequired
    }

    /// Where the preferred name among those of a client stands in its offer; nil where there is none, or the offer is
    /// malformed.
    func choice(from offer: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var offered: [Range<Int>] = []
        var index = 0
        while index < offer.count {
            let start = index + 1
            let end = start + Int(offer[index])
            guard end <= offer.count else { return nil }
            offered.append(start..<end)
            index = end
        }
        for name in self.names {
            let found = offered.first { range in offer[range].elementsEqual(name.utf8) }
            if let found { return found }
        }
        return nil
    }
}
