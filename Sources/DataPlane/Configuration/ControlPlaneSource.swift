/// Where a server of the control plane is.
package enum ServerAddress: Hashable, Sendable {
    /// Where the bootstrap token says.
    case token
    /// Nowhere: it is not used.
    case none
    /// At this address.
    case url(ControlPlaneURL)

    /// The address that stands here itself.
    package var url: ControlPlaneURL? {
        guard case .url(let url) = self else { return nil }
        return url
    }
}

/// By which roots a server is known (`XDS_ROOT_CA`, `CA_ROOT_CA`).
package enum RootSource: Hashable, Sendable {
    /// A PEM file, read again for each connection.
    case file(String)
    /// The operating system's trust store.
    case system
    /// PEM text.
    case inline(String)

    /// Where Istio mounts the root.
    package static let standardPath = "./var/run/secrets/istio/root-cert.pem"
}

/// The bearer token that we show to the control plane (`AUTH_TOKEN`).
package enum BearerSource: Hashable, Sendable {
    /// A file, read again for each request, as the platform rotates it.
    case file(String)
    /// The token itself.
    case literal(Secret)

    /// Where Kubernetes projects it.
    package static let standardPath = "./var/run/secrets/tokens/istio-token"
}

/// A certificate that somebody else renews, in files (`TULLE_CERT_FILE`, `TULLE_KEY_FILE`, `TULLE_ROOT_FILE`).
package struct IdentityFiles: Hashable, Sendable {
    /// PEM: the leaf, then intermediates.
    package var certificates: String
    /// PEM: the leaf's PKCS#8 key, EC P-256.
    package var key: String
    /// PEM: the roots by which peers are known.
    package var roots: String

    /// Joins the three.
    package init(certificates: String, key: String, roots: String) {
        self.certificates = certificates
        self.key = key
        self.roots = roots
    }
}
