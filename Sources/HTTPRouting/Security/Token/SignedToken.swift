/// A signed JSON web token (RFC 7519, compact form of RFC 7515) before its signature is looked at.
///
/// Nothing in its header chooses a key but the key id, which picks among those of the issuer: `jwk`, `jku`, `x5c` and
/// `x5u` are not read.
struct SignedToken: Sendable {
    /// The longest token, in bytes.
    static let maximumBytes = 8_192
    /// The header's bounds.
    static let headerLimits = JSONLimits(bytes: 2_048, depth: 16, members: 64, allowsCaseVariants: true)
    /// The payload's bounds.
    static let payloadLimits = JSONLimits(bytes: 8_192, depth: 16, members: 1_000, allowsCaseVariants: true)

    let algorithm: SignatureAlgorithm
    let keyID: String?
    let payload: ClaimValue
    /// The payload as it is in the token: base64url.
    let encodedPayload: String
    /// What is signed: the token up to its last dot.
    let signedBytes: [UInt8]
    let signature: [UInt8]

    /// Nil for anything else, encrypted tokens and critical extensions among it.
    init?(parsing text: String) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        guard let header = Self.object(parts[0], Self.headerLimits),
            let payload = Self.object(parts[1], Self.payloadLimits),
            let signature = Base64URL.decode(parts[2]), !signature.isEmpty,
            case .string(let name)? = header[["alg"]], let algorithm = SignatureAlgorithm(rawValue: name),
            // None is understood here, and one that is not understood must not be passed over (RFC 7515 §4.1.11).
            header[["crit"]] == nil, header[["enc"]] == nil, header[["zip"]] == nil,
            header[["b64"]].map({ $0 == .bool(true) }) ?? true
        else { return nil }
        switch header[["kid"]] {
        case .string(let id)?: self.keyID = id
        case nil: self.keyID = nil
        default: return nil
        }
        self.algorithm = algorithm
        self.payload = payload
        self.encodedPayload = String(decoding: parts[1], as: UTF8.self)
        self.signedBytes = Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count))
        self.signature = signature
    }

    private static func object(_ encoded: some Sequence<UInt8>, _ limits: JSONLimits) -> ClaimValue? {
        guard let bytes = Base64URL.decode(encoded), let value = try? JSONTree.read(bytes, limits: limits),
            case .object = value
        else { return nil }
        return value
    }
}
