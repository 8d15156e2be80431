/// Signs revocation lists with a key in memory: for tests and scenarios that need a small authority.
package struct RevocationListBuilder: Sendable {
    /// The authority's common name.
    package var issuer: String
    /// Serial numbers of the revoked certificates.
    package var serials: [UInt64]
    /// When the list was made, in seconds since 1970.
    package var thisUpdate: Int64
    /// When the next one is promised, in seconds since 1970.
    package var nextUpdate: Int64
    /// Whether it claims to be a delta of another list, which no reader of ours takes.
    package var isDelta = false

    package init(issuer: String, serials: [UInt64], thisUpdate: Int64, nextUpdate: Int64) {
        self.issuer = issuer
        self.serials = serials
        self.thisUpdate = thisUpdate
        self.nextUpdate = nextUpdate
    }

    /// The list in DER, signed with `key`.
    ///
    /// - Throws: ``TLSError`` when signing fails.
    package func sign(with key: PrivateKey) throws(TLSError) -> [UInt8] {
        let algorithm = DER.sequence(DER.Name.ecdsaWithSHA256)
        let entries = serials.map { DER.sequence(DER.integer($0), DER.time(thisUpdate)) }
        var extensions = DER.certificateExtension(DER.Name.crlNumber, isCritical: false, DER.integer(1))
        if isDelta {
            extensions += DER.certificateExtension(DER.Name.deltaCRLIndicator, isCritical: true, DER.integer(1))
        }
        let information = DER.sequence(
            DER.integer(1),
            algorithm,
            CertificateBuilder.name(issuer),
            DER.time(thisUpdate),
            DER.time(nextUpdate),
            entries.isEmpty ? [] : DER.sequence(entries.flatMap { $0 }),
            DER.explicit(0, DER.sequence(extensions))
        )
        return DER.sequence(information, algorithm, DER.bitString(try key.sign(information)))
    }

    /// The list as an `X509 CRL` block.
    ///
    /// - Throws: ``TLSError`` when signing fails.
    package func pem(signedWith key: PrivateKey) throws(TLSError) -> String {
        PEMBlock(label: "X509 CRL", bytes: try sign(with: key)).text
    }
}
