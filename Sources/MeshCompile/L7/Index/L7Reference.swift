import MeshConfig

/// Something that resources for waypoints are attached to, or name.
enum L7Reference: Hashable {
    /// A platform service by its short name.
    case service(namespace: String, name: String)
    /// A host name in full, or `*.` and a suffix.
    case host(String)
    /// A ServiceEntry.
    case entry(namespace: String, name: String)
    /// A waypoint.
    case gateway(ResourceKey)
    /// A class of waypoints.
    case gatewayClass(String)
    /// The ReferenceGrants of a namespace.
    case grants(namespace: String)
    /// Roots for TLS with applications.
    case bundle(namespace: String, name: String)
    /// A VirtualService that others delegate to.
    case delegate(ResourceKey)
    /// All that is in a namespace.
    case namespace(String)
    /// Where the keys of tokens come from.
    case keys(KeySource)
}

/// Where a waypoint's keys for tokens come from (RFC 7517).
package enum KeySource: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The document's URL.
    case url(String)
    /// An issuer, whose OpenID discovery document says where.
    case issuer(String)

    package var description: String {
        switch self {
        case .url(let text): text
        case .issuer(let text): "\(text) (discovery)"
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}
