package import DataPlane
package import MeshDNS
package import MeshIdentity
package import TunnelEngine

/// One workload that this process serves: who it is, its certificate, its own view of names.
///
/// A dedicated ztunnel serves one; a daemon one for each task of its host. Usable from any thread.
package final class ServedWorkload: CertificateSubject {
    /// Tells the workloads of one process from each other: a task id, a pod's uid; empty in mode dedicated.
    package let key: String
    /// What all of the process shares.
    package let mesh: MeshContext
    /// Who it is, and where the mesh's state knows it.
    package let local: LocalWorkload
    /// Its certificate; empty until one is issued.
    package let identities: IdentityStore
    /// The DNS servers of its own `resolv.conf`.
    package let nameServers: ResolverConfiguration
    /// Where all its sockets are made.
    package let scope: SocketScope
    /// Whether its application sees the addresses of its clients (`ENABLE_ORIG_SRC`).
    ///
    /// Left to itself a dedicated ztunnel doesn't try: the answers only come back where rules for it are in place, as
    /// they are where a daemon or a node agent wrote them.
    package let preservesSource: Bool

    /// Joins the parts; nothing is opened.
    package init(
        key: String,
        mesh: MeshContext,
        local: LocalWorkload,
        nameServers: ResolverConfiguration,
        scope: SocketScope = .process
    ) {
        self.key = key
        self.mesh = mesh
        self.identities = IdentityStore(policy: mesh.tlsPolicy, revocations: mesh.revocations)
        self.local = local
        self.nameServers = nameServers
        self.scope = scope
        switch mesh.configuration.originalSource {
        case .always: self.preservesSource = true
        case .never: self.preservesSource = false
        case .automatic: self.preservesSource = mesh.configuration.mode != .dedicated && scope.canSpoof
        }
    }

    /// Whether there is a certificate, be it good or not any more.
    package var hasIdentity: Bool { self.identities.latest != nil }

    /// Says that its certificate will be asked for: until then connections wait for a while.
    package func expectIdentity() { self.identities.expect() }

    /// Whether there is a certificate, and it has expired: then nobody is served.
    package var isExpired: Bool { self.identities.latest.map { self.mesh.now >= $0.svid.notAfter } ?? false }
}
