/// A signature algorithm of tokens (RFC 7518 §3.1, RFC 8037 §3.1). Neither `none` nor those with shared secrets are among
/// them: whoever can verify one of the latter can also make it.
package enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
}

/// A public key as a JWK describes it (RFC 7518 §6, RFC 8037 §2).
package enum VerificationKey: Sendable, Hashable {
    /// Modulus and exponent, unsigned, the most significant byte first.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// The coordinates, each as long as the curve's field.
    case p256(x: [UInt8], y: [UInt8])
    case p384(x: [UInt8], y: [UInt8])
    case p521(x: [UInt8], y: [UInt8])
    /// 32 bytes.
    case ed25519([UInt8])

    /// Whether a signature by the algorithm may be verified with the key.
    package func allows(_ algorithm: SignatureAlgorithm) -> Bool {
        switch (self, algorithm) {
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512),
            (.p256, .es256), (.p384, .es384), (.p521, .es512), (.ed25519, .edDSA):
            true
        default: false
        }
    }
}

/// The cryptography that tokens need; the room of routing has none of its own.
package protocol SignatureVerifier: Sendable {
    /// Whether `signature` is by the key's owner over `bytes`. ECDSA's is `r` and `s`, each as long as the curve's field
    /// (RFC 7518 §3.4). False also where the algorithm does not go with the key.
    func isValid(
        _ signature: [UInt8],
        over bytes: [UInt8],
        algorithm: SignatureAlgorithm,
        key: VerificationKey
    ) -> Bool

    /// SHA-256 of the bytes: 32 bytes.
    func digest(_ bytes: [UInt8]) -> [UInt8]
}
