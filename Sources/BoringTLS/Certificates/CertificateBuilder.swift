/// Issues certificates from a key in memory: for tests, scenarios and benchmarks that need a small authority.
///
/// The control plane has its own authority (room CertificateAuthority); nothing in the product trusts what this
/// makes unless it is put in a trust bundle like any other root.
package struct CertificateBuilder: Sendable {
    /// What the certificate's key may do in TLS (extendedKeyUsage); with none, the extension is left out.
    package enum Usage: Sendable, CaseIterable {
        case server, client
    }

    /// The subject's common name; also the name that certificates issued by it carry as issuer.
    package var commonName: String
    package var serial: UInt64
    /// Start of validity, in seconds since 1970.
    package var notBefore: Int64
    /// End of validity, in seconds since 1970.
    package var notAfter: Int64
    package var uris: [String] = []
    package var dnsNames: [String] = []
    /// IPv4 or IPv6 addresses as 4 or 16 bytes.
    package var addresses: [[UInt8]] = []
    /// Whether it may issue others.
    package var isAuthority = false
    package var usages: Set<Usage> = [.server, .client]

    package init(commonName: String, serial: UInt64, notBefore: Int64, notAfter: Int64) {
        self.commonName = commonName
        self.serial = serial
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// Issues for `subjectKey`, signed with `issuerKey` in the name of `issuer`; self-signed when both are our own.
    ///
    /// - Throws: ``TLSError`` when signing fails or the outcome can't be read back.
    package func issue(
        subjectKey: PrivateKey,
        issuer: String,
        issuerKey: PrivateKey
    ) throws(TLSError) -> Certificate {
        try issue(publicKey: subjectKey.subjectPublicKeyInfo, issuer: issuer, issuerKey: issuerKey)
    }

    /// Issues for a public key given as DER `SubjectPublicKeyInfo`.
    ///
    /// - Throws: ``TLSError`` when signing fails or the outcome can't be read back.
    package func issue(publicKey: [UInt8], issuer: String, issuerKey: PrivateKey) throws(TLSError) -> Certificate {
        let algorithm = DER.sequence(DER.Name.ecdsaWithSHA256)
        let information = DER.sequence(
            DER.explicit(0, DER.integer(2)),
            DER.integer(serial),
            algorithm,
            Self.name(issuer),
            DER.sequence(DER.time(notBefore), DER.time(notAfter)),
            Self.name(commonName),
            publicKey,
            DER.explicit(3, DER.sequence(extensions + Self.keyIdentifiers(publicKey, issuerKey.subjectPublicKeyInfo)))
        )
        let signature = try issuerKey.sign(information)
        let der = DER.sequence(information, algorithm, DER.bitString(signature))
        do {
            return try Certificate(der: der)
        } catch {
            throw TLSError(.internalError, "issued certificate can't be read back: \(error)")
        }
    }

    static func name(_ commonName: String) -> [UInt8] {
        guard !commonName.isEmpty else { return DER.sequence() }
        return DER.sequence(DER.set(DER.sequence(DER.Name.commonName, DER.utf8String(commonName))))
    }

    /// Tells authorities of one name apart by their keys (RFC 7093, method 1).
    private static func keyIdentifiers(_ subject: [UInt8], _ issuer: [UInt8]) -> [UInt8] {
        let own = Array(SHA256.hash(subject).prefix(20))
        let authority = Array(SHA256.hash(issuer).prefix(20))
        return DER.certificateExtension(
            DER.Name.subjectKeyIdentifier,
            isCritical: false,
            DER.octetString(own)
        )
            + DER.certificateExtension(
                DER.Name.authorityKeyIdentifier,
                isCritical: false,
                DER.sequence(DER.implicit(0, authority))
            )
    }

    private var extensions: [UInt8] {
        var extensions = DER.certificateExtension(
            DER.Name.basicConstraints,
            isCritical: true,
            isAuthority ? DER.sequence(DER.yes) : DER.sequence()
        )
        // digitalSignature, and for an authority keyCertSign and cRLSign too; the third byte counts unused bits.
        let keyUsage: [UInt8] = isAuthority ? [0x03, 0x02, 0x01, 0x86] : [0x03, 0x02, 0x07, 0x80]
        extensions += DER.certificateExtension(DER.Name.keyUsage, isCritical: true, keyUsage)
        if !isAuthority, !usages.isEmpty {
            let identifiers =
                (usages.contains(.server) ? DER.Name.serverAuthentication : [])
                + (usages.contains(.client) ? DER.Name.clientAuthentication : [])
            extensions += DER.certificateExtension(
                DER.Name.extendedKeyUsage,
                isCritical: false,
                DER.sequence(identifiers)
            )
        }
        let names =
            uris.flatMap { DER.implicit(6, Array($0.utf8)) } + dnsNames.flatMap { DER.implicit(2, Array($0.utf8)) }
            + addresses.flatMap { DER.implicit(7, $0) }
        if !names.isEmpty {
            // RFC 5280 wants it critical where the subject is empty.
            extensions += DER.certificateExtension(
                DER.Name.subjectAlternativeName,
                isCritical: commonName.isEmpty,
                DER.sequence(names)
            )
        }
        return extensions
    }
}
