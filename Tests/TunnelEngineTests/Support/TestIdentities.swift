import BoringTLS
import Foundation

/// A certificate authority and identities made for one test run.
struct TestIdentities {
    let key: PrivateKey
    let root: Certificate
    let trust: TrustAnchors
    let revocations = RevocationRegister()

    init(name: String = "test root") throws {
        self.key = try PrivateKey()
        let now = Int64(Date().timeIntervalSince1970)
        var builder = CertificateBuilder(commonName: name, serial: 1, notBefore: now - 60, notAfter: now + 3600)
        builder.isAuthority = true
        self.root = try builder.issue(subjectKey: self.key, issuer: name, issuerKey: self.key)
        self.trust = try TrustAnchors([self.root])
        self.name = name
    }

    private let name: String

    /// Puts a list in force that revokes these serials.
    func revoke(_ serials: [UInt64]) throws {
        let now = Int64(Date().timeIntervalSince1970)
        let list = RevocationListBuilder(
            issuer: self.name,
            serials: serials,
            thisUpdate: now - 60,
            nextUpdate: now + 60
        )
        self.revocations.replace(try RevocationSet(file: try list.sign(with: self.key)))
    }

    /// A context with a leaf that ends in `seconds`.
    func context(_ uri: String, serial: UInt64 = 2, seconds: Int64 = 3600) throws -> TLSContext {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: serial, notBefore: now - 60, notAfter: now + seconds)
        builder.uris = [uri]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: self.name, issuerKey: self.key)
        return try TLSContext(
            identity: TLSIdentity(chain: [leaf], key: leafKey),
            trust: self.trust,
            revocations: self.revocations
        )
    }
}
