internal import CNIOBoringSSL

/// Somebody's public key, for verifying what they signed.
///
/// `@unchecked`: the key is never changed after `init`, and verifying does not write to it.
package final class VerifyingKey: @unchecked Sendable {
    /// The curves of ECDSA.
    package enum Curve: Sendable, Hashable {
        case p256, p384, p521

        /// Bytes of a coordinate.
        package var fieldBytes: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }

        fileprivate var identifier: CInt {
            switch self {
            case .p256: NID_X9_62_prime256v1
            case .p384: NID_secp384r1
            case .p521: NID_secp521r1
            }
        }
    }

    private enum Kind: Hashable {
        case rsa
        case curve(Curve)
        case ed25519
    }

    private let key: OpaquePointer
    private let kind: Kind

    /// An RSA key of 2048 to 8192 bits; modulus and exponent unsigned, the most significant byte first.
    package convenience init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        guard (256...1_024).contains(modulus.count), (1...4).contains(exponent.count) else { return nil }
        defer { ERR_clear_error() }
        let n = BN_bin2bn(modulus, modulus.count, nil)
        let e = BN_bin2bn(exponent, exponent.count, nil)
        defer {
            BN_free(n)
            BN_free(e)
        }
        guard let n, let e, BN_num_bits(n) >= 2_048, let rsa = RSA_new_public_key(n, e) else { return nil }
        defer { RSA_free(rsa) }
        self.init(.rsa) { EVP_PKEY_set1_RSA($0, rsa) == 1 }
    }

    /// A point of a curve; both coordinates are as long as the field.
    package convenience init?(_ curve: Curve, x: [UInt8], y: [UInt8]) {
        guard x.count == curve.fieldBytes, y.count == curve.fieldBytes else { return nil }
        defer { ERR_clear_error() }
        let xNumber = BN_bin2bn(x, x.count, nil)
        let yNumber = BN_bin2bn(y, y.count, nil)
        defer {
            BN_free(xNumber)
            BN_free(yNumber)
        }
        guard let xNumber, let yNumber, let point = EC_KEY_new_by_curve_name(curve.identifier) else { return nil }
        defer { EC_KEY_free(point) }
        // Refuses what does not lie on the curve.
        guard EC_KEY_set_public_key_affine_coordinates(point, xNumber, yNumber) == 1 else { return nil }
        self.init(.curve(curve)) { EVP_PKEY_set1_EC_KEY($0, point) == 1 }
    }

    /// An Ed25519 key of 32 bytes.
    package init?(ed25519 bytes: [UInt8]) {
        defer { ERR_clear_error() }
        guard bytes.count == 32,
            let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { return nil }
        self.key = key
        self.kind = .ed25519
    }

    private init?(_ kind: Kind, _ fill: (OpaquePointer) -> Bool) {
        guard let key = EVP_PKEY_new() else { return nil }
        guard fill(key) else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
        self.kind = kind
    }

    deinit {
        EVP_PKEY_free(self.key)
    }

    /// Whether `signature` was made over `bytes` with the key's private half. False also where the scheme is for keys of
    /// another kind.
    package func isValid(_ signature: [UInt8], over bytes: [UInt8], scheme: SignatureScheme) -> Bool {
        defer { ERR_clear_error() }
        switch (self.kind, scheme) {
        case (.rsa, .rsaPKCS1SHA256): return self.verify(signature, bytes, EVP_sha256())
        case (.rsa, .rsaPKCS1SHA384): return self.verify(signature, bytes, EVP_sha384())
        case (.rsa, .rsaPKCS1SHA512): return self.verify(signature, bytes, EVP_sha512())
        case (.rsa, .rsaPSSSHA256): return self.verify(signature, bytes, EVP_sha256(), isPSS: true)
        case (.rsa, .rsaPSSSHA384): return self.verify(signature, bytes, EVP_sha384(), isPSS: true)
        case (.rsa, .rsaPSSSHA512): return self.verify(signature, bytes, EVP_sha512(), isPSS: true)
        case (.curve(.p256), .ecdsaP256): return self.verifyPair(signature, bytes, EVP_sha256(), .p256)
        case (.curve(.p384), .ecdsaP384): return self.verifyPair(signature, bytes, EVP_sha384(), .p384)
        case (.curve(.p521), .ecdsaP521): return self.verifyPair(signature, bytes, EVP_sha512(), .p521)
        case (.ed25519, .ed25519): return self.verify(signature, bytes, nil)
        default: return false
        }
    }

    private func verify(_ signature: [UInt8], _ bytes: [UInt8], _ digest: OpaquePointer?, isPSS: Bool = false) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &parameters, digest, nil, self.key) == 1 else { return false }
        if isPSS {
            // A salt length of -1 means the digest's, and nothing else is taken.
            guard EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, -1) == 1,
                EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, digest) == 1
            else { return false }
        }
        return EVP_DigestVerify(context, signature, signature.count, bytes, bytes.count) == 1
    }

    /// ECDSA's `r` and `s` side by side, which BoringSSL wants in DER.
    private func verifyPair(_ signature: [UInt8], _ bytes: [UInt8], _ digest: OpaquePointer?, _ curve: Curve) -> Bool {
        let half = curve.fieldBytes
        guard signature.count == 2 * half, let pair = ECDSA_SIG_new() else { return false }
        defer { ECDSA_SIG_free(pair) }
        let r = BN_bin2bn(Array(signature.prefix(half)), half, nil)
        let s = BN_bin2bn(Array(signature.suffix(half)), half, nil)
        guard let r, let s, ECDSA_SIG_set0(pair, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return false
        }
        var encoded: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard ECDSA_SIG_to_bytes(&encoded, &count, pair) == 1, let encoded else { return false }
        defer { OPENSSL_free(encoded) }
        return self.verify(Array(UnsafeBufferPointer(start: encoded, count: count)), bytes, digest)
    }
}
