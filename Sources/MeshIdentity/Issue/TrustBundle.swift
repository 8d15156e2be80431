package import BoringTLS

/// The roots that vouch for the identities of one trust domain.
package struct TrustBundle: Sendable, Hashable {
    /// The trust domain, such as `cluster.local`.
    package var trustDomain: String
    /// The roots.
    package var anchors: TrustAnchors

    package init(trustDomain: String, anchors: TrustAnchors) {
        self.trustDomain = trustDomain
        self.anchors = anchors
    }
}
