internal import CNIOBoringSSL

/// Owner of one parsed `X509` of BoringSSL, for as long as it takes to verify it or to read its fields.
struct ParsedCertificate: ~Copyable {
    let handle: OpaquePointer

    /// Parses DER; nil when it isn't exactly one certificate.
    init?(der: [UInt8]) {
        let parsed = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            guard let x509 = d2i_X509(nil, &cursor, bytes.count) else { return nil }
            guard cursor == bytes.baseAddress.map({ $0 + bytes.count }) else {
                X509_free(x509)
                return nil
            }
            return x509
        }
        guard let parsed else {
            ERR_clear_error()
            return nil
        }
        handle = parsed
    }

    /// Takes over one reference to a certificate that is already parsed.
    init(retained handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        X509_free(handle)
    }

    /// Both ends of the validity, in seconds since 1970.
    var validity: (notBefore: Int64, notAfter: Int64)? {
        var notBefore: Int64 = 0
        var notAfter: Int64 = 0
        guard ASN1_TIME_to_posix(X509_get0_notBefore(handle), &notBefore) == 1,
            ASN1_TIME_to_posix(X509_get0_notAfter(handle), &notAfter) == 1
        else {
            ERR_clear_error()
            return nil
        }
        return (notBefore, notAfter)
    }

    /// The serial in decimal; nil when it is longer than RFC 5280 allows by far.
    var serial: String? {
        guard let integer = X509_get0_serialNumber(handle),
            (0...64).contains(ASN1_STRING_length(integer)),
            let number = ASN1_INTEGER_to_BN(integer, nil)
        else { return nil }
        defer { BN_free(number) }
        guard let text = BN_bn2dec(number) else { return nil }
        defer { OPENSSL_free(text) }
        return String(cString: text)
    }

    /// Whether basicConstraints says it is an authority.
    var isAuthority: Bool { X509_get_extension_flags(handle) & UInt32(EXFLAG_CA) != 0 }

    var subjectPublicKeyInfo: [UInt8]? {
        guard let key = X509_get_X509_PUBKEY(handle) else { return nil }
        var data: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(key, &data)
        guard count > 0, let data else { return nil }
        defer { OPENSSL_free(data) }
        return Array(UnsafeBufferPointer(start: data, count: Int(count)))
    }

    /// The names of the subjectAltName extension; empty without one, nil when it is malformed or there are several.
    var alternativeNames: (uris: [String], dnsNames: [String])? {
        var criticality: CInt = 0
        guard let found = X509_get_ext_d2i(handle, NID_subject_alt_name, &criticality, nil) else {
            ERR_clear_error()
            return criticality == -1 ? ([], []) : nil
        }
        let names = OpaquePointer(found)
        defer { GENERAL_NAMES_free(names) }
        var uris: [String] = []
        var dnsNames: [String] = []
        for index in 0..<OPENSSL_sk_num(names) {
            guard let name = OPENSSL_sk_value(names, index) else { continue }
            var kind: CInt = -1
            let value = GENERAL_NAME_get0_value(name.assumingMemoryBound(to: GENERAL_NAME.self), &kind)
            guard let value, kind == GEN_URI || kind == GEN_DNS, let text = Self.text(value) else { continue }
            if kind == GEN_URI, uris.count < PeerLimits.names { uris.append(text) }
            if kind == GEN_DNS, dnsNames.count < PeerLimits.names { dnsNames.append(text) }
        }
        return (uris, dnsNames)
    }

    /// An IA5String's text; nil unless printable ASCII of at most 2048 bytes, so that no NUL can cut a name short.
    private static func text(_ value: UnsafeMutableRawPointer) -> String? {
        let string = value.assumingMemoryBound(to: ASN1_STRING.self)
        let count = Int(ASN1_STRING_length(string))
        guard (1...2048).contains(count), let data = ASN1_STRING_get0_data(string) else { return nil }
        let bytes = UnsafeBufferPointer(start: data, count: count)
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
