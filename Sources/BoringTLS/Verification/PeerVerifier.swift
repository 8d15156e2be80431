internal import CNIOBoringSSL

/// What a good peer showed.
struct VerifiedPeer {
    /// The URI that met the expectation, or the leaf's first SPIFFE URI when a host was expected.
    var identity: String?
    var serial: String
    /// When the first certificate of the verified path ends, in seconds since 1970.
    var notAfter: Int64
    /// The generation of the revocations it was judged by; 0 where there are none.
    var generation: UInt64
}

/// What the path from the leaf to a root says as a whole.
struct VerifiedPath {
    /// When its first certificate ends, in seconds since 1970.
    var notAfter: Int64
    /// The generation of the revocations it was judged by.
    var generation: UInt64
}

/// Judges a peer's certificates: first the chain, then the name.
struct PeerVerifier {
    /// `X509_STORE` with the roots; only read here.
    let store: OpaquePointer
    /// Which certificates are revoked; nil where none can be.
    var revocations: RevocationRegister?
    let expectation: PeerExpectation
    /// Our own role: it tells what the peer's certificate must be good for.
    let role: TLSRole
    /// Whether certificates must be valid now. A session that is judged again was judged by the clock before.
    var checksTime = true

    /// - Parameter presented: `STACK_OF(CRYPTO_BUFFER)` as the peer sent it, leaf first.
    func verify(_ presented: OpaquePointer?) throws(TLSError) -> VerifiedPeer {
        let count = presented.map { OPENSSL_sk_num($0) } ?? 0
        guard let presented, count > 0 else {
            throw TLSError(.peerCertificateMissing, "peer presented no certificate")
        }
        guard count <= PeerLimits.chainLength else {
            throw TLSError(
                .peerCertificateUntrusted,
                "peer presented \(count) certificates; at most \(PeerLimits.chainLength) are allowed"
            )
        }
        var chain = CertificateStack()
        for index in 0..<count {
            guard let buffer = OPENSSL_sk_value(presented, index),
                let x509 = X509_parse_from_buffer(OpaquePointer(buffer))
            else {
                ERR_clear_error()
                throw TLSError(.peerCertificateUntrusted, "certificate \(index) of the peer's chain is malformed")
            }
            guard chain.append(x509) else { throw Self.outOfMemory }
        }
        if case .unchecked = expectation {
            return VerifiedPeer(identity: nil, serial: "", notAfter: .max, generation: 0)
        }
        let leaf = try Self.readLeaf(chain)
        let path = try verifyNames(chain, leaf: leaf)
        return VerifiedPeer(
            identity: try matchIdentity(leaf),
            serial: leaf.serial,
            notAfter: path.notAfter,
            generation: path.generation
        )
    }

    /// Verifies the chain, with each of the expected hosts in turn where hosts are expected.
    private func verifyNames(
        _ chain: borrowing CertificateStack,
        leaf: Certificate
    ) throws(TLSError) -> VerifiedPath {
        if case .anyName(let names, _) = expectation {
            let path = try verifyChain(chain, leaf: leaf)
            guard names.contains(where: { Self.bears($0, chain, leaf) }) else {
                throw TLSError(
                    .peerIdentityMismatch,
                    "expected \(expectedNames), presented \(presentedNames(leaf))"
                )
            }
            return path
        }
        guard case .host(let host, let alternatives) = expectation else { return try verifyChain(chain, leaf: leaf) }
        let mismatch: TLSError
        do throws(TLSError) {
            return try verifyChain(chain, leaf: leaf, host: host)
        } catch {
            guard error.code == .peerIdentityMismatch else { throw error }
            mismatch = error
        }
        for alternative in alternatives {
            do throws(TLSError) {
                return try verifyChain(chain, leaf: leaf, host: alternative)
            } catch {
                guard error.code == .peerIdentityMismatch else { throw error }
            }
        }
        throw mismatch
    }

    /// Whether the leaf has the name; the subject is not looked at (RFC 9525, section 6.3).
    private static func bears(_ name: String, _ chain: borrowing CertificateStack, _ leaf: Certificate) -> Bool {
        // Only a URI has one.
        if name.utf8.contains(UInt8(ascii: "/")) { return leaf.uris.contains(name) }
        guard let x509 = chain[0] else { return false }
        defer { ERR_clear_error() }
        switch X509_check_ip_asc(x509, name, 0) {
        case 1: return true
        case 0: return false
        // No IP address.
        default:
            let flags = CUnsignedInt(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
            return X509_check_host(x509, name, name.utf8.count, flags, nil) == 1
        }
    }

    private static var outOfMemory: TLSError { TLSError(.internalError, "out of memory while verifying the peer") }

    private static func readLeaf(_ chain: borrowing CertificateStack) throws(TLSError) -> Certificate {
        guard let x509 = chain[0] else { throw outOfMemory }
        // The stack keeps its own reference; this one ends with `parsed`.
        X509_up_ref(x509)
        let parsed = ParsedCertificate(retained: x509)
        do {
            return try Certificate(parsed, der: [])
        } catch {
            throw TLSError(.peerCertificateUntrusted, "the peer's certificate: \(error)")
        }
    }

    /// Whether the chain leads to a root, is valid now, and fits its purpose and, where one is expected, the host.
    @discardableResult
    func verifyChain(
        _ chain: borrowing CertificateStack,
        leaf: Certificate,
        host: String? = nil
    ) throws(TLSError) -> VerifiedPath {
        guard let context = X509_STORE_CTX_new() else { throw Self.outOfMemory }
        defer {
            X509_STORE_CTX_free(context)
            ERR_clear_error()
        }
        guard X509_STORE_CTX_init(context, store, chain[0], chain.handle) == 1,
            let parameters = X509_STORE_CTX_get0_param(context)
        else { throw Self.outOfMemory }
        // A purpose checks key usage and extended key usage of every certificate, where they are present.
        let purpose = role == .server ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER
        guard X509_VERIFY_PARAM_set_purpose(parameters, purpose) == 1 else { throw Self.outOfMemory }
        X509_VERIFY_PARAM_set_depth(parameters, CInt(PeerLimits.chainLength))
        if !checksTime { X509_VERIFY_PARAM_set_flags(parameters, CUnsignedLong(X509_V_FLAG_NO_CHECK_TIME)) }
        if let host { try expectHost(host, parameters) }
        guard X509_verify_cert(context) != 1 else {
            guard !leaf.isAuthority else {
                throw TLSError(.peerCertificateUntrusted, "the peer's certificate is that of an authority")
            }
            return try judgePath(X509_STORE_CTX_get0_chain(context), leaf: leaf)
        }
        let failure = X509_STORE_CTX_get_error(context)
        let depth = X509_STORE_CTX_get_error_depth(context)
        let text = X509_verify_cert_error_string(CLong(failure)).map { String(cString: $0) } ?? ""
        let names = presentedNames(leaf)
        switch failure {
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
            throw TLSError(
                .peerCertificateExpired,
                "certificate \(depth) of the chain of \(names): \(text); leaf is valid from \(leaf.notBefore) "
                    + "to \(leaf.notAfter) (seconds since 1970); check the clocks and the peer's renewal"
            )
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            throw TLSError(.peerIdentityMismatch, "expected host \(expectedNames), presented \(names)")
        default:
            throw TLSError(
                .peerCertificateUntrusted,
                "certificate \(depth) of the chain of \(names): \(text); check that both sides share the trust bundle"
            )
        }
    }

    /// Looks for revoked certificates on the path that was verified, from the leaf to the root: what a peer presents
    /// besides plays no part.
    ///
    /// BoringSSL's own check of revocation lists asks one list by its issuer's name; here each list counts for the key
    /// that signed it.
    private func judgePath(_ path: OpaquePointer?, leaf: Certificate) throws(TLSError) -> VerifiedPath {
        guard let path else { throw Self.outOfMemory }
        var judged = VerifiedPath(notAfter: leaf.notAfter, generation: 0)
        let latest = revocations?.latest
        judged.generation = latest?.generation ?? 0
        for index in 0..<OPENSSL_sk_num(path) {
            guard let certificate = OPENSSL_sk_value(path, index).map({ OpaquePointer($0) }) else { continue }
            var end: Int64 = 0
            if ASN1_TIME_to_posix(X509_get0_notAfter(certificate), &end) == 1 {
                judged.notAfter = min(judged.notAfter, end)
            }
            guard let set = latest?.set, index + 1 < OPENSSL_sk_num(path),
                let issuer = OPENSSL_sk_value(path, index + 1).map({ OpaquePointer($0) }),
                set.revokes(certificate, issuedBy: issuer)
            else { continue }
            throw TLSError(
                .peerCertificateRevoked,
                "certificate \(index) of the chain of \(presentedNames(leaf)) (leaf \(leaf.serial)) is on its issuer's "
                    + "revocation list"
            )
        }
        return judged
    }

    /// Makes the chain's check include the host: an IP address where it reads as one, otherwise a DNS name.
    private func expectHost(_ host: String, _ parameters: OpaquePointer) throws(TLSError) {
        X509_VERIFY_PARAM_set_hostflags(parameters, CUnsignedInt(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        ERR_clear_error()
        guard X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count) == 1 else {
            throw TLSError(.invalidConfiguration, "expected host \(host) is neither a DNS name nor an IP address")
        }
    }

    /// The presented SPIFFE URI that was expected.
    private func matchIdentity(_ leaf: Certificate) throws(TLSError) -> String? {
        let presented = leaf.uris.compactMap { uri in SPIFFEName(uri).map { (uri: uri, name: $0) } }
        let match: String?
        switch expectation {
        case .host, .anyName: return presented.first?.uri
        case .unchecked: return nil
        case .anyIdentity(let trustDomain): match = presented.first { $0.name.trustDomain == trustDomain }?.uri
        case .oneOf(let uris):
            let expected = uris.compactMap { SPIFFEName($0) }
            match = presented.first { expected.contains($0.name) }?.uri
        }
        guard let match else {
            throw TLSError(
                .peerIdentityMismatch,
                "expected \(expectedNames), presented \(presentedNames(leaf))"
            )
        }
        return match
    }

    private var expectedNames: String {
        switch expectation {
        case .anyIdentity(let trustDomain): "any SPIFFE id of trust domain \(trustDomain.bounded(to: 255))"
        case .oneOf(let uris): Self.list(uris)
        case .host(let host, let alternatives):
            alternatives.isEmpty ? host.bounded(to: 255) : Self.list([host] + alternatives)
        case .anyName(let names, _): Self.list(names)
        case .unchecked: "anybody"
        }
    }

    private func presentedNames(_ leaf: Certificate) -> String { Self.list(leaf.uris + leaf.dnsNames) }

    /// At most three names of at most 100 bytes each: both lists together stay below the bound on a message.
    private static func list(_ names: [String]) -> String {
        guard !names.isEmpty else { return "(no name)" }
        let shown = names.prefix(3).map { $0.bounded(to: 100) }.joined(separator: ", ")
        return names.count > 3 ? "[\(shown), and \(names.count - 3) more]" : "[\(shown)]"
    }
}

/// Owner of a `STACK_OF(X509)` and of the certificates in it.
struct CertificateStack: ~Copyable {
    private(set) var handle: OpaquePointer?

    init() {
        handle = OPENSSL_sk_new_null()
    }

    /// Takes the certificate over; false, and frees it, when memory runs out.
    mutating func append(_ x509: OpaquePointer) -> Bool {
        guard let handle, OPENSSL_sk_push(handle, UnsafeMutableRawPointer(x509)) > 0 else {
            X509_free(x509)
            return false
        }
        return true
    }

    subscript(index: Int) -> OpaquePointer? {
        guard let handle, index < OPENSSL_sk_num(handle) else { return nil }
        return OPENSSL_sk_value(handle, index).map { OpaquePointer($0) }
    }

    deinit {
        guard let handle else { return }
        for index in 0..<OPENSSL_sk_num(handle) {
            if let x509 = OPENSSL_sk_value(handle, index) {
                X509_free(OpaquePointer(x509))
            }
        }
        OPENSSL_sk_free(handle)
    }
}
