/// The keys of an issuer (JWK Set, RFC 7517 §5).
package struct KeySet: Sendable, Hashable {
    /// The bounds of a set.
    static let limits = JSONLimits(bytes: 1 << 20, depth: 8, members: 10_000, allowsCaseVariants: true)
    /// The most keys of a set.
    package static let maximumKeys = 64

    /// Why a text is no set of keys.
    package enum Fault: Error, Hashable, Sendable {
        /// It is not JSON, or too large.
        case json(JSONFault)
        /// It is not an object with a list `keys` of objects.
        case noKeys
        /// There are more than ``KeySet/maximumKeys``.
        case tooManyKeys(Int)
        /// None of the keys is of a kind and size that is used here.
        case noUsableKey
    }

    /// A key with what it says of its use.
    struct Key: Sendable, Hashable {
        let id: String?
        let algorithm: SignatureAlgorithm?
        let key: VerificationKey
    }

    let keys: [Key]

    /// Reads the text. Keys of other kinds, for encryption, too small or not well formed are passed over: they verify
    /// nothing.
    package init(parsing text: String) throws(Fault) {
        let value: ClaimValue
        do {
            value = try JSONTree.read(text.utf8, limits: Self.limits)
        } catch {
            throw .json(error)
        }
        guard case .list(let entries)? = value[["keys"]] else { throw .noKeys }
        guard entries.count <= Self.maximumKeys else { throw .tooManyKeys(entries.count) }
        self.keys = entries.compactMap(Self.key)
        guard !self.keys.isEmpty else { throw .noUsableKey }
    }

    /// The keys that may have signed a token: of the algorithm, and of the token's key id where both have one.
    func candidates(algorithm: SignatureAlgorithm, id: String?) -> [VerificationKey] {
        self.keys.lazy.filter { key in
            key.key.allows(algorithm) && (key.algorithm == nil || key.algorithm == algorithm)
                && (id == nil || key.id == nil || key.id.map { $0.utf8.elementsEqual((id ?? "").utf8) } == true)
        }.map(\.key)
    }

    private static func key(_ entry: ClaimValue) -> Key? {
        guard case .object = entry else { return nil }
        if let use = entry[["use"]], use != .string("sig") { return nil }
        if let operations = entry[["key_ops"]] {
            guard case .list(let names) = operations, names.contains(.string("verify")) else { return nil }
        }
        var algorithm: SignatureAlgorithm?
        if let named = entry[["alg"]] {
            guard case .string(let name) = named, let known = SignatureAlgorithm(rawValue: name) else { return nil }
            algorithm = known
        }
        var id: String?
        if case .string(let text)? = entry[["kid"]] { id = text }
        guard let key = self.verificationKey(entry) else { return nil }
        return Key(id: id, algorithm: algorithm, key: key)
    }

    private static func verificationKey(_ entry: ClaimValue) -> VerificationKey? {
        switch (self.text(entry, "kty"), self.text(entry, "crv")) {
        case ("RSA", _):
            guard let modulus = self.bytes(entry, "n"), let exponent = self.bytes(entry, "e"),
                // 2048 to 8192 bits; the exponent odd and of at most four bytes.
                (256...1_024).contains(modulus.count), modulus.first.map({ $0 >= 0x80 }) == true || modulus.count > 256,
                modulus.first != 0, (1...4).contains(exponent.count), exponent.first != 0,
                exponent.last.map({ $0 & 1 == 1 }) == true, exponent != [1]
            else { return nil }
            return .rsa(modulus: modulus, exponent: exponent)
        case ("EC", "P-256"): return self.point(entry, 32).map { .p256(x: $0, y: $1) }
        case ("EC", "P-384"): return self.point(entry, 48).map { .p384(x: $0, y: $1) }
        case ("EC", "P-521"): return self.point(entry, 66).map { .p521(x: $0, y: $1) }
        case ("OKP", "Ed25519"):
            guard let x = self.bytes(entry, "x"), x.count == 32 else { return nil }
            return .ed25519(x)
        default: return nil
        }
    }

    private static func point(_ entry: ClaimValue, _ size: Int) -> ([UInt8], [UInt8])? {
        guard let x = self.bytes(entry, "x"), let y = self.bytes(entry, "y"), x.count == size, y.count == size else {
            return nil
        }
        return (x, y)
    }

    private static func text(_ entry: ClaimValue, _ name: String) -> String? {
        guard case .string(let text)? = entry[[name]] else { return nil }
        return text
    }

    private static func bytes(_ entry: ClaimValue, _ name: String) -> [UInt8]? {
        self.text(entry, name).flatMap { Base64URL.decode($0.utf8) }
    }
}
