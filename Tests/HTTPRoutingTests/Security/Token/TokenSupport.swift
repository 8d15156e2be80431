import MeshModel
import MeshProtos

@testable import HTTPRouting

/// Signatures that anybody can make, for testing everything but cryptography.
struct ToyVerifier: SignatureVerifier {
    func isValid(
        _ signature: [UInt8],
        over bytes: [UInt8],
        algorithm: SignatureAlgorithm,
        key: VerificationKey
    ) -> Bool {
        signature == Self.sign(bytes, algorithm, key)
    }

    func digest(_ bytes: [UInt8]) -> [UInt8] { Self.hash(bytes) }

    static func sign(_ bytes: [UInt8], _ algorithm: SignatureAlgorithm, _ key: VerificationKey) -> [UInt8] {
        self.hash(Array(algorithm.rawValue.utf8) + self.bytes(of: key) + bytes)
    }

    private static func bytes(of key: VerificationKey) -> [UInt8] {
        switch key {
        case .rsa(let modulus, let exponent): modulus + exponent
        case .p256(let x, let y), .p384(let x, let y), .p521(let x, let y): x + y
        case .ed25519(let x): x
        }
    }

    private static func hash(_ bytes: [UInt8]) -> [UInt8] {
        (UInt64(1)...4).flatMap { seed in
            let hash = bytes.reduce(seed &* 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
            return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * UInt64($0))) }
        }
    }
}

/// Keys, tokens and rules for tests.
enum TokenMint {
    static let now: Int64 = 1_800_000_000
    static let ec = VerificationKey.p256(x: Array(repeating: 1, count: 32), y: Array(repeating: 2, count: 32))
    static let other = VerificationKey.p256(x: Array(repeating: 3, count: 32), y: Array(repeating: 4, count: 32))
    static let rsa = VerificationKey.rsa(modulus: Array(repeating: 0xC1, count: 256), exponent: [1, 0, 1])

    static func jwk(_ key: VerificationKey, _ more: String = "") -> String {
        let text: String
        switch key {
        case .rsa(let modulus, let exponent):
            text = "\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(modulus))\",\"e\":\"\(Base64URL.encode(exponent))\""
        case .p256(let x, let y): text = self.point("P-256", x, y)
        case .p384(let x, let y): text = self.point("P-384", x, y)
        case .p521(let x, let y): text = self.point("P-521", x, y)
        case .ed25519(let x): text = "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\(Base64URL.encode(x))\""
        }
        return "{\(text)\(more)}"
    }

    private static func point(_ curve: String, _ x: [UInt8], _ y: [UInt8]) -> String {
        "\"kty\":\"EC\",\"crv\":\"\(curve)\",\"x\":\"\(Base64URL.encode(x))\",\"y\":\"\(Base64URL.encode(y))\""
    }

    static func keys(_ keys: String...) -> String { "{\"keys\":[\(keys.joined(separator: ","))]}" }

    /// A token with any header and payload, signed as is said.
    static func token(
        header: String = "{\"alg\":\"ES256\",\"kid\":\"k1\"}",
        _ payload: String,
        algorithm: SignatureAlgorithm = .es256,
        key: VerificationKey = TokenMint.ec
    ) -> String {
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
        return signed + "." + Base64URL.encode(ToyVerifier.sign(Array(signed.utf8), algorithm, key))
    }

    static func rule(
        _ issuer: String = "https://i",
        _ fill: (inout TulleL7.TokenRule) -> Void = { _ in }
    ) -> TulleL7.TokenRule {
        TulleL7.TokenRule.with {
            $0.origin = "apps/\(issuer)"
            $0.issuer = issuer
            $0.keys = Self.keys(Self.jwk(Self.ec, ",\"kid\":\"k1\""))
            fill(&$0)
        }
    }

    static func engine(_ rules: TulleL7.TokenRule...) -> TokenEngine<ToyVerifier> {
        TokenEngine(rules, verifier: ToyVerifier())
    }

    static func bearer(_ token: String) -> HeaderField { HeaderField("authorization", "Bearer " + token) }
}

extension TokenEngine {
    /// Checks with an empty cache.
    func check(_ view: RequestView, now: Int64 = TokenMint.now) -> TokenOutcome {
        var cache = TokenCache()
        return self.check(view, cache: &cache, now: now)
    }

    /// Checks a request with one bearer token.
    func check(bearer token: String, now: Int64 = TokenMint.now) -> TokenOutcome {
        self.check(Sample.request(fields: [TokenMint.bearer(token)]), now: now)
    }
}
