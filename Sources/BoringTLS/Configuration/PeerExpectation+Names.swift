extension PeerExpectation {
    /// Why no session could begin with it; nil where one could.
    var problem: String? {
        switch self {
        case .anyIdentity(let trustDomain):
            return SPIFFEName.isTrustDomain(trustDomain) ? nil : "trust domain \(trustDomain) is malformed"
        case .oneOf(let uris):
            if uris.isEmpty { return "no SPIFFE id is expected, so none could be accepted" }
            return uris.first { SPIFFEName($0) == nil }.map { "expected identity \($0) is not a SPIFFE id" }
        case .host(let host, let alternatives):
            return ([host] + alternatives).allSatisfy { Self.isPlain($0, 253) }
                ? nil : "expected host must be 1 to 253 printable ASCII characters"
        case .anyName(let names, let serverName):
            if names.isEmpty { return "no name is expected, so none could be accepted" }
            guard names.allSatisfy({ Self.isPlain($0, 2048) }) else {
                return "expected names must be 1 to 2048 printable ASCII characters"
            }
            return Self.problem(ofServerName: serverName)
        case .unchecked(let serverName): return Self.problem(ofServerName: serverName)
        }
    }

    private static func problem(ofServerName name: String?) -> String? {
        guard let name, !Self.isPlain(name, 253) else { return nil }
        return "server name must be 1 to 253 printable ASCII characters"
    }

    private static func isPlain(_ name: String, _ limit: Int) -> Bool {
        (1...limit).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// What is sent as SNI; nil for nothing.
    var serverName: String? {
        switch self {
        case .host(let name, _), .anyName(_, let name?), .unchecked(let name?): Self.isDNSName(name) ? name : nil
        case .anyIdentity, .oneOf, .anyName, .unchecked: nil
        }
    }

    /// SNI may not hold addresses: those have a colon (IPv6) or a last label of digits (IPv4).
    private static func isDNSName(_ host: String) -> Bool {
        let last = host.utf8.split(separator: UInt8(ascii: ".")).last
        let isNumeric = last?.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        return !host.utf8.contains(UInt8(ascii: ":")) && !isNumeric
    }
}
