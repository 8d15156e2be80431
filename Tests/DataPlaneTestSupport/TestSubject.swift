package import DataPlane
import Foundation
package import MeshIdentity
import MeshModel

/// Somebody whose certificate a test keeps.
package final class TestSubject: CertificateSubject {
    package let key: String
    package let local: LocalWorkload
    package let identities = IdentityStore()

    /// Somebody of service account `name` at 10.0.0.2.
    package init(_ name: String, key: String = "") throws {
        self.key = key
        self.local = try TestMesh.local(name, IPAddress(v4: 0x0a00_0002))
    }

    /// Seconds since 1970.
    package var now: Int64 { Int64(Date().timeIntervalSince1970) }

    /// Whether there is a certificate that has expired.
    package var isExpired: Bool { self.identities.latest.map { self.now >= $0.svid.notAfter } ?? false }
}
