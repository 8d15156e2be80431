package import MeshModel

/// Who calls the admin API, and so what it may do.
package enum AdminCaller: Sendable, Hashable {
    /// Someone on this machine, over loopback: sees all, and writes unless that is switched off.
    case loopback(mayWrite: Bool)
    /// A mesh identity, by client certificate. One of the administrators writes and sees all; any other sees its own
    /// namespace.
    case mesh(SPIFFEID, isAdministrator: Bool)
    /// Someone on a plain port that others than this machine reach: metrics and debug pages only.
    case stranger

    /// Whether it may change anything.
    var mayWrite: Bool {
        switch self {
        case .loopback(let mayWrite): mayWrite
        case .mesh(_, let isAdministrator): isAdministrator
        case .stranger: false
        }
    }

    /// The only namespace that it sees; nil for all.
    var namespace: String? {
        guard case .mesh(let identity, isAdministrator: false) = self else { return nil }
        return identity.namespace
    }

    /// Whether it sees what belongs to a namespace; the empty one stands for what belongs to the mesh.
    func sees(_ namespace: String) -> Bool { self.namespace.map { $0 == namespace } ?? true }

    /// For the log.
    var name: String {
        switch self {
        case .loopback: "loopback"
        case .mesh(let identity, _): identity.uri
        case .stranger: "stranger"
        }
    }
}

/// How callers of one admin listener are told apart.
package struct AdminAccess: Sendable {
    /// Identities that may write and see all, as SPIFFE URIs.
    package var identities: Set<String>
    /// Whether callers over loopback may write. Default true.
    package var writesFromLoopback: Bool
    /// The trust domains whose identities are known.
    package var trustDomains: Set<String>

    /// Makes the rules.
    package init(identities: Set<String> = [], writesFromLoopback: Bool = true, trustDomains: Set<String> = []) {
        self.identities = identities
        self.writesFromLoopback = writesFromLoopback
        self.trustDomains = trustDomains
    }

    /// The caller with a verified identity.
    func caller(_ identity: SPIFFEID) -> AdminCaller {
        .mesh(identity, isAdministrator: self.identities.contains(identity.uri))
    }

    /// The caller without one.
    func caller(isLoopback: Bool) -> AdminCaller {
        isLoopback ? .loopback(mayWrite: self.writesFromLoopback) : .stranger
    }
}
