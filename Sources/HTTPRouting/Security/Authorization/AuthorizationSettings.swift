/// What a waypoint's settings say to authorization.
package struct AuthorizationSettings: Hashable, Sendable {
    /// The mesh's trust domain, then its aliases.
    package var trustDomains: [String]
    /// How many proxies in front of clients are trusted in `x-forwarded-for`.
    package var trustedProxies: Int
    /// The names of the authorizers that CUSTOM policies may ask.
    package var authorizers: Set<String>

    /// Joins the three.
    package init(trustDomains: [String], trustedProxies: Int = 0, authorizers: Set<String> = []) {
        self.trustDomains = trustDomains
        self.trustedProxies = trustedProxies
        self.authorizers = authorizers
    }
}
