internal import CNIOBoringSSL

/// What we need to know of an X.509 certificate (RFC 5280), and its bytes.
///
/// Parsing judges nothing: trust is decided by a ``TLSSession`` only.
package struct Certificate: Sendable, Hashable {
    /// The certificate as issued.
    package let der: [UInt8]
    /// Start of validity, in seconds since 1970.
    package let notBefore: Int64
    /// End of validity, in seconds since 1970.
    package let notAfter: Int64
    /// The serial number in decimal.
    package let serial: String
    /// URIs among the subject's alternative names, in order; at most ``PeerLimits/names`` of each kind are kept.
    package let uris: [String]
    /// DNS names among the subject's alternative names, in order.
    package let dnsNames: [String]
    /// Whether it may issue certificates (basicConstraints).
    package let isAuthority: Bool
    /// The DER `SubjectPublicKeyInfo`.
    package let subjectPublicKeyInfo: [UInt8]

    /// Certificates above this many bytes aren't read.
    package static let byteLimit = 64 * 1024

    /// Reads one DER certificate.
    ///
    /// - Throws: ``CertificateError`` when it isn't one.
    package init(der: [UInt8]) throws(CertificateError) {
        guard der.count <= Self.byteLimit else { throw .tooLarge(bytes: der.count) }
        guard let parsed = ParsedCertificate(der: der) else { throw .malformed }
        try self.init(parsed, der: der)
    }

    /// Reads the certificates of a PEM text, in order; other blocks are left out.
    ///
    /// - Throws: ``CertificateError`` when the text isn't PEM, or a certificate in it is broken.
    package static func parse(pem: String) throws(CertificateError) -> [Certificate] {
        let blocks: [PEMBlock]
        do {
            blocks = try PEMBlock.parse(pem)
        } catch {
            throw .notPEM(error)
        }
        var certificates: [Certificate] = []
        for block in blocks where block.label == "CERTIFICATE" {
            certificates.append(try Certificate(der: block.bytes))
        }
        return certificates
    }

    init(_ parsed: borrowing ParsedCertificate, der: [UInt8]) throws(CertificateError) {
        guard let validity = parsed.validity else { throw .invalidField("validity") }
        guard let serial = parsed.serial else { throw .invalidField("serialNumber") }
        guard let names = parsed.alternativeNames else { throw .invalidField("subjectAltName") }
        guard let key = parsed.subjectPublicKeyInfo else { throw .invalidField("subjectPublicKeyInfo") }
        self.der = der
        self.notBefore = validity.notBefore
        self.notAfter = validity.notAfter
        self.serial = serial
        self.uris = names.uris
        self.dnsNames = names.dnsNames
        self.isAuthority = parsed.isAuthority
        self.subjectPublicKeyInfo = key
    }

    /// The certificate as a `CERTIFICATE` block.
    package var pem: String { PEMBlock(label: "CERTIFICATE", bytes: der).text }
}

/// Why bytes aren't a certificate that we can use.
package enum CertificateError: Error, Equatable, CustomStringConvertible {
    /// The text around it isn't PEM.
    case notPEM(PEMBlock.Failure)
    /// It is above ``Certificate/byteLimit``.
    case tooLarge(bytes: Int)
    /// It isn't one DER certificate.
    case malformed
    /// The field holds something that can't be.
    case invalidField(String)

    package var description: String {
        switch self {
        case .notPEM(let failure): "not PEM: \(failure)"
        case .tooLarge(let bytes):
            "certificate of \(bytes) bytes; at most \(Certificate.byteLimit) are allowed"
        case .malformed: "not a DER-encoded X.509 certificate"
        case .invalidField(let name): "certificate field \(name) is malformed"
        }
    }
}
