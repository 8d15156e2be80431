/// What analysis can find: stable codes, one section each in `docs/analysis.md`.
package enum FindingCode: String, Hashable, Sendable, CaseIterable {
    case waypointMissing = "TUL0101"
    case waypointRefusesNamespace = "TUL0102"
    case waypointListenerWrong = "TUL0103"
    case waypointUnused = "TUL0104"
    case waypointTypeMismatch = "TUL0105"
    case waypointClassWrong = "TUL0106"

    case policyNeedsWaypoint = "TUL0201"
    case selectorMatchesNothing = "TUL0202"
    case policyTargetMissing = "TUL0203"
    case policyTargetWithoutWaypoint = "TUL0204"
    case policyBarsWaypoint = "TUL0205"
    case trustDomainsIgnored = "TUL0206"
    case actionUnsupported = "TUL0207"
    case providerUnknown = "TUL0208"
    case peerPortUnknown = "TUL0211"
    case peerAuthenticationTwice = "TUL0212"
    case peerSelectorInRoot = "TUL0213"

    case routeParentMissing = "TUL0301"
    case routeWithoutWaypoint = "TUL0302"
    case routeMatchShadowed = "TUL0303"
    case destinationHostUnknown = "TUL0304"
    case destinationWithoutWaypoint = "TUL0305"
    case routeBackendMissing = "TUL0306"
    case routeParentUnsupported = "TUL0307"
    case subsetUnknown = "TUL0308"
    case routeKindsMixed = "TUL0309"

    case hostnameTwice = "TUL0401"
    case addressTwice = "TUL0402"
    case portConflict = "TUL0403"
    case addressInsideBlock = "TUL0404"

    case namespaceUndeclared = "TUL0501"
    case roleUnbound = "TUL0502"
    case roleBoundTwice = "TUL0503"

    /// How much a finding matters.
    package enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
        /// Worth knowing.
        case info
        /// Something does less than it seems to.
        case warning
        /// Something does not work, or does not protect.
        case error

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// How much it matters.
    package var severity: Severity {
        switch self {
        case .waypointMissing, .waypointRefusesNamespace, .waypointListenerWrong, .waypointClassWrong,
            .policyTargetMissing, .policyTargetWithoutWaypoint, .policyBarsWaypoint, .actionUnsupported,
            .peerAuthenticationTwice, .routeParentMissing, .routeBackendMissing, .addressTwice, .portConflict,
            .roleUnbound, .roleBoundTwice, .providerUnknown, .routeParentUnsupported, .subsetUnknown:
            .error
        case .waypointTypeMismatch, .policyNeedsWaypoint, .selectorMatchesNothing, .trustDomainsIgnored,
            .peerPortUnknown, .peerSelectorInRoot, .routeWithoutWaypoint, .routeMatchShadowed,
            .destinationHostUnknown, .destinationWithoutWaypoint, .hostnameTwice, .routeKindsMixed:
            .warning
        case .waypointUnused, .addressInsideBlock, .namespaceUndeclared: .info
        }
    }

    /// What it is, in a few words.
    package var title: String {
        switch self {
        case .waypointMissing: "a waypoint that is referred to is not declared"
        case .waypointRefusesNamespace: "a waypoint does not take what another namespace binds to it"
        case .waypointListenerWrong: "a waypoint has no listener for tunnels"
        case .waypointUnused: "nobody uses a waypoint"
        case .waypointTypeMismatch: "a waypoint is not for what is bound to it"
        case .waypointClassWrong: "what is used as a waypoint is none"
        case .policyNeedsWaypoint: "HTTP rules in a policy that ztunnel enforces"
        case .selectorMatchesNothing: "a selector matches no workload"
        case .policyTargetMissing: "a policy's target is not there"
        case .policyTargetWithoutWaypoint: "a policy's target has no waypoint to enforce it"
        case .policyBarsWaypoint: "an ALLOW policy does not let the waypoint through"
        case .trustDomainsIgnored: "trust domains in a policy that ztunnel enforces"
        case .actionUnsupported: "an action that ztunnel does not know"
        case .providerUnknown: "a provider that the mesh does not have"
        case .peerPortUnknown: "a port of a PeerAuthentication is no workload's"
        case .peerAuthenticationTwice: "two PeerAuthentications for the same workloads"
        case .peerSelectorInRoot: "a PeerAuthentication with a selector in the root namespace"
        case .routeParentMissing: "a route's service is not there"
        case .routeWithoutWaypoint: "a route's service has no waypoint to carry it out"
        case .routeMatchShadowed: "a match that is never reached"
        case .destinationHostUnknown: "a DestinationRule's host is not there"
        case .destinationWithoutWaypoint: "a DestinationRule's service has no waypoint to carry it out"
        case .routeBackendMissing: "a route leads to a service that is not there"
        case .routeParentUnsupported: "a route is attached to what takes none"
        case .subsetUnknown: "a route leads to a subset that nobody declares"
        case .routeKindsMixed: "a service has routes of two kinds"
        case .hostnameTwice: "two ServiceEntries have the same host"
        case .addressTwice: "two services have the same address"
        case .portConflict: "two ServiceEntries disagree on a host's port"
        case .addressInsideBlock: "a service's address lies in another's block"
        case .namespaceUndeclared: "a namespace is used and not declared"
        case .roleUnbound: "a workload's role is bound to no service account"
        case .roleBoundTwice: "a role is bound to two service accounts"
        }
    }
}

/// One thing that analysis found.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// What it is.
    package var code: FindingCode
    /// The resource that has to change; nil where it is none.
    package var key: ResourceKey?
    /// Where that was written; nil where it is none.
    package var origin: ResourceOrigin?
    /// What is wrong and what it leads to, with the names.
    package var message: String

    /// Makes a finding about a resource.
    init(_ code: FindingCode, _ resource: DeclaredResource?, _ message: String) {
        self.code = code
        self.key = resource?.key
        self.origin = resource?.origin
        self.message = message
    }

    /// As istioctl writes it: `Error [TUL0101] (Namespace shop mesh.yaml:3) …`.
    package var description: String {
        let level = self.code.severity.rawValue.prefix(1).uppercased() + self.code.severity.rawValue.dropFirst()
        guard let key = self.key else { return "\(level) [\(self.code.rawValue)] \(self.message)" }
        let name = key.namespace.isEmpty ? key.name : "\(key.namespace)/\(key.name)"
        let place = self.origin.map { " \($0)" } ?? ""
        return "\(level) [\(self.code.rawValue)] (\(key.kind.rawValue) \(name)\(place)) \(self.message)"
    }
}
