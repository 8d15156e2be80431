internal import CNIOBoringSSL

/// A key pair, kept in memory only: ECDSA P-256 for identities of the mesh, which are made here; what an application asks
/// for may be another.
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
        guard let block = try Self.blocks(pem).first(where: { $0.label == "PRIVATE KEY" }) else {
            throw TLSError(.invalidConfiguration, "private key: no PEM block PRIVATE KEY (PKCS#8, unencrypted) found")
        }
        guard let parsed = Self.parse(block, { EVP_parse_private_key(&$0) }) else {
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

    /// Reads the key of a certificate that others issued: `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`.
    ///
    /// - Throws: ``TLSError`` `invalid_configuration` for anything but an unencrypted key of ECDSA P-256 or P-384, or of
    ///   RSA with 2048 to 8192 bits.
    package convenience init(foreignPEM pem: String) throws(TLSError) {
        var parsed: OpaquePointer?
        for block in try Self.blocks(pem) where parsed == nil {
            parsed =
                switch block.label {
                case "PRIVATE KEY": Self.parse(block) { EVP_parse_private_key(&$0) }
                case "EC PRIVATE KEY": Self.parse(block, Self.ecKey)
                case "RSA PRIVATE KEY": Self.parse(block, Self.rsaKey)
                default: nil
                }
        }
        guard let parsed else {
            ERR_clear_error()
            throw TLSError(
                .invalidConfiguration,
                "private key: no readable block PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY, unencrypted, in PEM"
            )
        }
        guard Self.isStrong(parsed) else {
            EVP_PKEY_free(parsed)
            throw TLSError(
                .invalidConfiguration,
                "private key: must be ECDSA P-256 or P-384, or RSA of 2048 to 8192 bits"
            )
        }
        try self.init(owning: parsed)
    }

    private static func isStrong(_ key: OpaquePointer) -> Bool {
        switch EVP_PKEY_id(key) {
        case EVP_PKEY_EC: [NID_X9_62_prime256v1, NID_secp384r1].contains(EVP_PKEY_get_ec_curve_nid(key))
        case EVP_PKEY_RSA: (2048...8192).contains(EVP_PKEY_bits(key))
        default: false
        }
    }

    private static func ecKey(_ input: inout CBS) -> OpaquePointer? {
        guard let key = EC_KEY_parse_private_key(&input, nil) else { return nil }
        defer { EC_KEY_free(key) }
        guard let made = EVP_PKEY_new() else { return nil }
        if EVP_PKEY_set1_EC_KEY(made, key) == 1 { return made }
        EVP_PKEY_free(made)
        return nil
    }

    private static func rsaKey(_ input: inout CBS) -> OpaquePointer? {
        guard let key = RSA_parse_private_key(&input) else { return nil }
        defer { RSA_free(key) }
        guard let made = EVP_PKEY_new() else { return nil }
        if EVP_PKEY_set1_RSA(made, key) == 1 { return made }
        EVP_PKEY_free(made)
        return nil
    }

    private static func blocks(_ pem: String) throws(TLSError) -> [PEMBlock] {
        do {
            return try PEMBlock.parse(pem)
        } catch {
            throw TLSError(.invalidConfiguration, "private key: \(error)")
        }
    }

    private static func parse(_ block: PEMBlock, _ read: (inout CBS) -> OpaquePointer?) -> OpaquePointer? {
        block.bytes.withUnsafeBufferPointer { bytes in
            var input = CBS(data: bytes.baseAddress, len: bytes.count)
            return read(&input)
        }
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

    package var description: String { "PrivateKey(public key SHA-256 \(publicKeyHash.hexadecimal))" }

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
