internal import CNIOBoringSSL

/// Owner of one parsed `X509_CRL`.
final class RevocationList: Sendable {
    /// Set once. BoringSSL guards the one thing that look-ups change, the order of the entries, by a lock of its own.
    nonisolated(unsafe) private let handle: OpaquePointer
    let entryCount: Int

    /// Parses exactly one list.
    ///
    /// - Parameter index: the number of the list in its file, for messages.
    init(der: [UInt8], index: Int) throws(RevocationError) {
        let parsed = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            guard let list = d2i_X509_CRL(nil, &cursor, bytes.count) else { return nil }
            guard cursor == bytes.baseAddress.map({ $0 + bytes.count }) else {
                X509_CRL_free(list)
                return nil
            }
            return list
        }
        ERR_clear_error()
        guard let parsed else { throw .malformed(index: index) }
        if let problem = Self.unsupportedPart(parsed) {
            X509_CRL_free(parsed)
            throw .unsupported(index: index, problem)
        }
        handle = parsed
        entryCount = X509_CRL_get_REVOKED(parsed).map { OPENSSL_sk_num($0) } ?? 0
    }

    deinit {
        X509_CRL_free(handle)
    }

    /// A part whose meaning we'd miss: RFC 5280 forbids to use such a list for saying that a certificate is good, and
    /// an indirect list's entries may be certificates of others.
    private static func unsupportedPart(_ list: OpaquePointer) -> String? {
        for index in 0..<max(0, X509_CRL_get_ext_count(list)) {
            guard let part = X509_CRL_get_ext(list, index) else { continue }
            let name = OBJ_obj2nid(X509_EXTENSION_get_object(part))
            switch name {
            case NID_delta_crl: return "a delta list"
            case NID_issuing_distribution_point:
                guard let found = X509_CRL_get_ext_d2i(list, name, nil, nil) else {
                    return "its issuing distribution point"
                }
                let point = found.assumingMemoryBound(to: ISSUING_DIST_POINT.self)
                defer { ISSUING_DIST_POINT_free(point) }
                if point.pointee.indirectCRL > 0 { return "an indirect list" }
            case NID_crl_number, NID_authority_key_identifier: continue
            default:
                if X509_EXTENSION_get_critical(part) != 0 { return "a critical extension" }
            }
        }
        return nil
    }

    /// Whether the list, whoever signed it, is of the certificate's issuer by name and holds its serial number.
    func names(_ certificate: OpaquePointer) -> Bool {
        guard X509_NAME_cmp(X509_CRL_get_issuer(handle), X509_get_issuer_name(certificate)) == 0 else { return false }
        var entry: OpaquePointer?
        return X509_CRL_get0_by_cert(handle, &entry, certificate) != 0
    }

    /// Whether the issuer's key signed the list. Its keyUsage doesn't matter: whoever holds that key speaks for it.
    func isSigned(by issuer: OpaquePointer) -> Bool {
        guard let key = X509_get0_pubkey(issuer) else { return false }
        defer { ERR_clear_error() }
        return X509_CRL_verify(handle, key) == 1
    }
}
