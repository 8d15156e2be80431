package import MeshIdentity

/// Somebody whose certificate this process keeps: itself, or a workload that it serves.
package protocol CertificateSubject: AnyObject, Sendable {
    /// Tells the subjects of one process from each other.
    var key: String { get }
    /// Who it is.
    var local: LocalWorkload { get }
    /// Its certificate; empty until one is issued.
    var identities: IdentityStore { get }
}
