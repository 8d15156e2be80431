/// The names under which a plugged-in authority's files are looked for.
struct AuthorityFileNames: Sendable, Hashable {
    /// The certificate that signs; in the second scheme with the authorities above it behind.
    let certificate: String
    /// Its key.
    let key: String
    /// The authorities between it and the root; nil where they stand behind the certificate.
    let chain: String?
    /// The roots.
    let roots: String

    /// Istio's `cacerts`.
    static let istio = AuthorityFileNames(
        certificate: "ca-cert.pem",
        key: "ca-key.pem",
        chain: "cert-chain.pem",
        roots: "root-cert.pem"
    )
    /// A Kubernetes secret of type `kubernetes.io/tls` with `ca.crt`, as cert-manager writes it.
    static let secret = AuthorityFileNames(certificate: "tls.crt", key: "tls.key", chain: nil, roots: "ca.crt")

    /// All names.
    var all: [String] { [self.certificate, self.key] + (self.chain.map { [$0] } ?? []) + [self.roots] }

    /// The scheme of which any file is there, Istio's first; nil when there is none of either.
    static func scheme(isThere: (String) -> Bool) -> AuthorityFileNames? {
        [.istio, .secret].first { $0.all.contains(where: isThere) }
    }
}
