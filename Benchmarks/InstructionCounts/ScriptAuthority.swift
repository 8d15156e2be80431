import BoringTLS
import DataPlane
import Glibc
import MeshIdentity
import MeshModel

/// Signs the identities of the scripts.
struct ScriptAuthority {
    private let key: PrivateKey
    private let root: Certificate

    init() throws {
        self.key = try PrivateKey()
        let now = Int64(time(nil))
        var builder = CertificateBuilder(commonName: "root", serial: 1, notBefore: now - 60, notAfter: now + 86_400)
        builder.isAuthority = true
        self.root = try builder.issue(subjectKey: self.key, issuer: "root", issuerKey: self.key)
    }

    /// A certificate for a service account of namespace `demo`.
    func issue(_ name: String) throws -> IssuedIdentity {
        let identity = try ScriptMesh.identity(name)
        let now = Int64(time(nil))
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: 2, notBefore: now - 60, notAfter: now + 86_400)
        builder.uris = [identity.uri]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "root", issuerKey: self.key)
        return try IssuedIdentity(certChain: [leaf.pem, self.root.pem], key: leafKey, requested: identity, now: now)
    }

    /// A client's side of TLS for a service account.
    func context(_ name: String) throws -> TLSContext {
        let store = IdentityStore()
        return try store.install(self.issue(name)).context
    }
}
