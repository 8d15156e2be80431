package import Foundation

/// The memory of used attestations that replicas share. Each replica remembers on its own what it has seen; this is what
/// keeps an attestation from being used at one after it was used at another.
package protocol AttestationMemory: Sendable {
    /// Notes an attestation that holds in all else, before anything is given out for it.
    ///
    /// - Parameters:
    ///   - accessKey: whose signature it is.
    ///   - signature: the signature, lower-case hex.
    func note(accessKey: String, signature: String, now: Date) async -> AttestationUse
}

/// Whether an attestation was used before, anywhere in the mesh.
package enum AttestationUse: Sendable, Hashable {
    /// It was not, and is noted now.
    case first
    /// It was.
    case again
    /// Nobody can say, and why.
    case unknown(String)
}
