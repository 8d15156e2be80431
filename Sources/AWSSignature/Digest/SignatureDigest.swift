/// The two hash functions that Signature Version 4 needs.
///
/// They come from outside so that this room stays free of any crypto library: the data plane brings BoringSSL, the
/// control plane swift-crypto.
package protocol SignatureDigest {
    /// The 32 bytes of SHA-256 over `bytes`.
    static func sha256(_ bytes: [UInt8]) -> [UInt8]

    /// The 32 bytes of HMAC-SHA-256 over `message` under `key`.
    static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8]
}
