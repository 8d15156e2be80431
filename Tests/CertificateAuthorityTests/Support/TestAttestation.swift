import AWSSignature
import Crypto
import Foundation

/// SHA-256 from swift-crypto, as signing wants it.
enum CryptoDigest: SignatureDigest {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}

/// An attestation whose every part a test may bend before it is written.
struct TestAttestation {
    var region = "us-east-1"
    var signingRegion: String?
    var host = "sts.us-east-1.amazonaws.com"
    var audience = "cluster.local/tulled"
    var keyDigest = String(repeating: "0", count: 64)
    var date = Date()
    var credentials = SignatureCredentials(
        accessKeyID: "ASIAEXAMPLEEXAMPLE00",
        secretAccessKey: "secret",
        sessionToken: "session"
    )
    var unsigned: Set<String> = []
    var dropped: Set<String> = []
    var added: [String: String] = [:]
    var replaced: [String: String] = [:]

    /// The headers, signed.
    func headers() -> [String: String] {
        let names: Set<String> = ["content-type", "host", "x-tulle-audience", "x-tulle-key-sha256"]
        let request = SignableRequest(
            method: "POST",
            path: "/",
            query: [],
            headers: [
                HeaderField("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                HeaderField("host", self.host),
                HeaderField("x-tulle-audience", self.audience),
                HeaderField("x-tulle-key-sha256", self.keyDigest),
            ],
            payload: .bytes(Array("Action=GetCallerIdentity&Version=2011-06-15".utf8))
        )
        let signature = RequestSigner(region: self.signingRegion ?? self.region, service: "sts").sign(
            request,
            credentials: self.credentials,
            at: SigningDate(epochSeconds: Int64(self.date.timeIntervalSince1970)),
            selection: .only(names.subtracting(self.unsigned)),
            digest: CryptoDigest.self
        )
        var headers: [String: String] = [:]
        for field in signature.apply(to: request.headers) { headers[field.lowercasedName] = field.value }
        for name in self.dropped { headers[name] = nil }
        headers.merge(self.added) { _, new in new }
        headers.merge(self.replaced) { _, new in new }
        return headers
    }

    /// The value of the `authorization` metadata.
    func authorization() throws -> String {
        try Self.authorization(
            JSONSerialization.data(withJSONObject: ["headers": self.headers(), "region": self.region])
        )
    }

    static func authorization(_ payload: Data) -> String {
        let text = payload.base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
        return "Bearer tulle-aws-sts-v1.\(text)"
    }
}
