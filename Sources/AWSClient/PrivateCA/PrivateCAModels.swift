/// A private certificate authority as `DescribeCertificateAuthority` tells it, reduced to what issuing depends on.
package struct PrivateCADescription: Sendable, Hashable {
    /// The authority's ARN.
    package var arn: String
    /// Such as `ACTIVE`, `PENDING_CERTIFICATE`, `DISABLED` or `EXPIRED`.
    package var status: String
    /// Such as `EC_prime256v1` or `RSA_2048`.
    package var keyAlgorithm: String
    /// What it signs with, such as `SHA256WITHECDSA`.
    package var signingAlgorithm: String
    /// Whether it issues nothing that lives longer than seven days.
    package var isShortLived: Bool
    /// When its certificate ends, in seconds since the epoch; `nil` before it has one.
    package var notAfter: Double?

    /// Reads `CertificateAuthority`; `nil` when a part is missing.
    init?(_ value: JSONValue) {
        guard let arn = value["Arn"]?.string, let status = value["Status"]?.string,
            let configuration = value["CertificateAuthorityConfiguration"],
            let keyAlgorithm = configuration["KeyAlgorithm"]?.string,
            let signingAlgorithm = configuration["SigningAlgorithm"]?.string
        else { return nil }
        self.arn = arn
        self.status = status
        self.keyAlgorithm = keyAlgorithm
        self.signingAlgorithm = signingAlgorithm
        self.isShortLived = value["UsageMode"]?.string == "SHORT_LIVED_CERTIFICATE"
        self.notAfter = Timestamp.epochSeconds(value["NotAfter"])
    }
}

/// What `IssueCertificate` is asked for.
package struct PrivateCAIssueRequest: Sendable, Hashable {
    /// The request, PEM.
    package var csr: String
    /// What the authority signs with; of its key's kind.
    package var signingAlgorithm: String
    /// Which template, such as `arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1`.
    package var templateARN: String
    /// The first instant of validity, in seconds since the epoch.
    package var notBefore: Int64
    /// The last instant of validity, in seconds since the epoch.
    package var notAfter: Int64
    /// Names and extensions for a template that takes them from the call; `nil` for others.
    package var passthrough: JSONValue?
    /// Up to 36 characters; calls with the same one within five minutes get the same certificate.
    package var idempotencyToken: String

    /// Holds the parts as they are.
    package init(
        csr: String,
        signingAlgorithm: String,
        templateARN: String,
        notBefore: Int64,
        notAfter: Int64,
        passthrough: JSONValue? = nil,
        idempotencyToken: String
    ) {
        self.csr = csr
        self.signingAlgorithm = signingAlgorithm
        self.templateARN = templateARN
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.passthrough = passthrough
        self.idempotencyToken = idempotencyToken
    }
}

/// A certificate with those above it, as PEM texts.
package struct PrivateCACertificate: Sendable, Hashable {
    /// The certificate.
    package var certificate: String
    /// The authorities above it up to the root, one text; `nil` for a root.
    package var chain: String?

    /// Holds the texts.
    package init(certificate: String, chain: String?) {
        self.certificate = certificate
        self.chain = chain
    }
}
