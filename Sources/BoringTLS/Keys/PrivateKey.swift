internal import CNIOBoringSSL

/// An ECDSA P-256 key pair, kept in memory only.
///
/// It never shows its secret part in `description`; the only way out is ``pkcs8PEM``.
package final class PrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// Set once, then only read: BoringSSL's keys may sign on several threads at a time.
    nonisolated(unsafe) let key: OpaquePointer

    /// The DER `SubjectPublicKeyInfo` of the public half (RFC 5280 §4.1.2.7).
    package let subjectPublicKeyInfo: [UInt8]

    /// A fresh key.
    ///
    /// - Throws: ``TLSError`` `internal_error` when memory runs out.
    package convenience init() throws(TLSError) {
        guard let key = EVP_PKEY_generate_from_alg(EVP_pkey_ec_p256()) else {
            throw TLSError(.internalError, "P-256 key could not be generated: \(Self.reason)")
        }
        try self.init(owning: key)
    }

    /// Reads a PKCS#8 `PRIVATE KEY` block.
    ///
    /// - Throws: ``TLSError`` `invalid_configuration` for anything but one unencrypted P-256 key.
    package convenience init(pkcs8PEM pem: String) throws(TLSError) {
        let blocks: [PEMBlock]
        do {
            blocks = try PEMBlock.parse(pem)
        } catch {
            throw TLSError(.invalidConfiguration, "private key: \(error)")
        }
        guard let block = blocks.first(where: { $0.label == "PRIVATE KEY" }) else {
            throw TLSError(.invalidConfiguration, "private key: no PEM block PRIVATE KEY (PKCS#8, unencrypted) found")
        }
        let parsed = block.bytes.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var input = CBS(data: bytes.baseAddress, len: bytes.count)
            return EVP_parse_private_key(&input)
        }
        guard let parsed else {
            throw TLSError(.invalidConfiguration, "private key: not a PKCS#8 key: \(Self.reason)")
        }
        guard EVP_PKEY_id(parsed) == EVP_PKEY_EC,
            EVP_PKEY_get_ec_curve_nid(parsed) == NID_X9_62_prime256v1
        else {
            EVP_PKEY_free(parsed)
            throw TLSError(.invalidConfiguration, "private key: only ECDSA P-256 is supported")
        }
        try self.init(owning: parsed)
    }

    private init(owning key: OpaquePointer) throws(TLSError) {
        guard let info = Self.marshal({ EVP_marshal_public_key($0, key) }) else {
            EVP_PKEY_free(key)
            throw TLSError(.internalError, "public key could not be encoded: \(Self.reason)")
        }
        self.key = key
        self.subjectPublicKeyInfo = info
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// SHA-256 over ``subjectPublicKeyInfo``: what an attestation is bound to.
    package var publicKeyHash: [UInt8] { SHA256.hash(subjectPublicKeyInfo) }

    /// The key as an unencrypted PKCS#8 block: a secret.
    ///
    /// - Throws: ``TLSError`` `internal_error` when memory runs out.
    package func pkcs8PEM() throws(TLSError) -> String {
        let key = key
        guard let bytes = Self.marshal({ EVP_marshal_private_key($0, key) }) else {
            throw TLSError(.internalError, "private key could not be encoded: \(Self.reason)")
        }
        return PEMBlock(label: "PRIVATE KEY", bytes: bytes).text
    }

    /// An ECDSA signature over SHA-256 of `message`, in DER.
    ///
    /// - Throws: ``TLSError`` `internal_error` when memory runs out.
    package func sign(_ message: [UInt8]) throws(TLSError) -> [UInt8] {
        let digestContext = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(digestContext) }
        var signature = [UInt8](repeating: 0, count: 128)
        var count = signature.count
        guard let digestContext,
            EVP_DigestSignInit(digestContext, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(digestContext, &signature, &count, message, message.count) == 1
        else {
            throw TLSError(.internalError, "signature could not be made: \(Self.reason)")
        }
        return Array(signature.prefix(count))
    }

    package var description: String { "PrivateKey(P-256, public key SHA-256 \(publicKeyHash.hexadecimal))" }

    package var customMirror: Mirror { Mirror(self, children: []) }

    private static var reason: String { LibraryFailure.take()?.text ?? "unknown reason" }

    private static func marshal(_ write: (UnsafeMutablePointer<CBB>) -> CInt) -> [UInt8]? {
        var builder = CBB()
        guard CBB_init(&builder, 256) == 1 else { return nil }
        var data: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard write(&builder) == 1, CBB_finish(&builder, &data, &count) == 1, let data else {
            CBB_cleanup(&builder)
            return nil
        }
        // OPENSSL_free wipes what it frees.
        defer { OPENSSL_free(data) }
        return Array(UnsafeBufferPointer(start: data, count: count))
    }
}
