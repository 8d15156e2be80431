import BoringTLS
import Foundation

/// A certificate authority and identities made for one test run.
struct TestIdentities {
    let key: PrivateKey
    let root: Certificate
    let trust: TrustAnchors

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

    func context(_ uri: String) throws -> TLSContext {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: 2, notBefore: now - 60, notAfter: now + 3600)
        builder.uris = [uri]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: self.name, issuerKey: self.key)
        return try TLSContext(identity: TLSIdentity(chain: [leaf], key: leafKey), trust: self.trust)
    }
}
