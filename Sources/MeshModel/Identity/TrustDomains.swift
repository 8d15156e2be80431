/// The trust domain of a mesh and the names that it also goes by, as while a domain is renamed or two meshes grow
/// together (Istio: `trustDomain` and `trustDomainAliases`).
///
/// Peers of every one of them are accepted, provided that their certificates lead to a trusted root; certificates are
/// issued in the main one alone.
package struct TrustDomains: Hashable, Sendable {
    /// The most aliases.
    package static let maximumAliases = 100

    /// Why the list cannot be used.
    package enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// A name is no trust domain; the payload is its place, 0 for the main one.
        case invalid(at: Int)
        /// There are too many; the payload is how many.
        case tooMany(Int)

        package var description: String {
            switch self {
            case .invalid(let place):
                "trust domain \(place) of the list must be 1 to 255 of a-z, 0-9, '.', '-' and '_'"
            case .tooMany(let count):
                "\(count) aliases are too many, at most \(TrustDomains.maximumAliases) are allowed"
            }
        }
    }

    /// The domain that certificates are issued in.
    package let main: String
    /// The other names.
    package let aliases: Set<String>

    /// Joins the names after checking them; an alias that is the main one counts once.
    package init(main: String, aliases: [String] = []) throws(Fault) {
        guard aliases.count <= Self.maximumAliases else { throw .tooMany(aliases.count) }
        for (place, name) in ([main] + aliases).enumerated() {
            guard (try? SPIFFEID(trustDomain: name, namespace: "a", serviceAccount: "a")) != nil else {
                throw .invalid(at: place)
            }
        }
        self.main = main
        self.aliases = Set(aliases).subtracting([main])
    }

    /// Whether a peer of this identity is one of ours.
    package func accepts(_ identity: SPIFFEID) -> Bool {
        identity.trustDomain == self.main || self.aliases.contains(identity.trustDomain)
    }

    /// Whether a certificate may be issued for the identity.
    package func issues(_ identity: SPIFFEID) -> Bool { identity.trustDomain == self.main }

    /// The identity under the main name, for comparing peers across the names; nil for a stranger.
    package func canonical(_ identity: SPIFFEID) -> SPIFFEID? {
        guard self.accepts(identity) else { return nil }
        guard identity.trustDomain != self.main else { return identity }
        return try? SPIFFEID(
            trustDomain: self.main,
            namespace: identity.namespace,
            serviceAccount: identity.serviceAccount
        )
    }
}
