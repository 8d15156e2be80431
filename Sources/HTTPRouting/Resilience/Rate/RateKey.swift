import MeshModel

/// What a limit counts apart: one bucket for each combination of values.
enum RateKeyPart: Sendable, Hashable {
    case principal
    case namespace
    case sourceIP
    case header(String)
    case claim(String)

    /// Reads `principal`, `namespace`, `sourceIP`, `header:<name>` or `claim:<name>`; nil for anything else.
    init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count == 2 ? String(parts[1]) : ""
        switch (parts.first, parts.count, name.isEmpty) {
        case ("principal", 1, _): self = .principal
        case ("namespace", 1, _): self = .namespace
        case ("sourceIP", 1, _): self = .sourceIP
        case ("header", 2, false): self = .header(name.lowercased())
        case ("claim", 2, false): self = .claim(name)
        default: return nil
        }
    }
}

/// The values of a request in 128 bits: a bucket takes the same place however long they are. The hash is keyed anew by
/// each process, so that nobody finds values that share a bucket.
struct RateKey: Sendable, Hashable {
    private let low: UInt64
    private let high: UInt64

    init(_ parts: [RateKeyPart], of request: RequestView) {
        self.low = Self.hash(parts, of: request, salt: 0)
        self.high = Self.hash(parts, of: request, salt: 1)
    }

    private static func hash(_ parts: [RateKeyPart], of request: RequestView, salt: UInt8) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(salt)
        for part in parts { self.add(part, of: request, to: &hasher) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// A value that is missing is one of its own: who leaves it out shares a bucket with all others who do.
    private static func add(_ part: RateKeyPart, of request: RequestView, to hasher: inout Hasher) {
        switch part {
        case .principal: self.add(request.connection.peer?.description, to: &hasher)
        case .namespace: self.add(request.connection.peer?.namespace, to: &hasher)
        case .sourceIP: hasher.combine(request.connection.source.ip.canonical)
        case .header(let name): self.add(request.fields.joined(named: name), to: &hasher)
        case .claim(let name): hasher.combine(self.claim(name, of: request))
        }
    }

    /// Bytes are hashed: Swift's own hash takes canonically equivalent texts for equal.
    private static func add(_ text: String?, to hasher: inout Hasher) {
        guard var text else { return hasher.combine(-1) }
        text.withUTF8 {
            hasher.combine($0.count)
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
    }

    /// The claim of the whole name, else the one that its dots lead to.
    private static func claim(_ name: String, of request: RequestView) -> ClaimValue? {
        guard let token = request.tokens.first else { return nil }
        return token[[name]] ?? token[name.split(separator: ".").map(String.init)]
    }
}
