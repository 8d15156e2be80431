import BoringTLS
import HTTPRouting

/// Verifies tokens' signatures with BoringSSL.
struct TokenCryptography: SignatureVerifier {
    func isValid(
        _ signature: [UInt8],
        over bytes: [UInt8],
        algorithm: SignatureAlgorithm,
        key: VerificationKey
    ) -> Bool {
        guard key.allows(algorithm) else { return false }
        let made: VerifyingKey? =
            switch key {
            case .rsa(let modulus, let exponent): VerifyingKey(rsaModulus: modulus, exponent: exponent)
            case .p256(let x, let y): VerifyingKey(.p256, x: x, y: y)
            case .p384(let x, let y): VerifyingKey(.p384, x: x, y: y)
            case .p521(let x, let y): VerifyingKey(.p521, x: x, y: y)
            case .ed25519(let bytes): VerifyingKey(ed25519: bytes)
            }
        return made?.isValid(signature, over: bytes, scheme: Self.scheme(algorithm)) ?? false
    }

    func digest(_ bytes: [UInt8]) -> [UInt8] { SHA256.hash(bytes) }

    private static func scheme(_ algorithm: SignatureAlgorithm) -> SignatureScheme {
        switch algorithm {
        case .rs256: .rsaPKCS1SHA256
        case .rs384: .rsaPKCS1SHA384
        case .rs512: .rsaPKCS1SHA512
        case .ps256: .rsaPSSSHA256
        case .ps384: .rsaPSSSHA384
        case .ps512: .rsaPSSSHA512
        case .es256: .ecdsaP256
        case .es384: .ecdsaP384
        case .es512: .ecdsaP521
        case .edDSA: .ed25519
        }
    }
}
