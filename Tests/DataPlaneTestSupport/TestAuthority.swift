package import BoringTLS
import Foundation
package import MeshIdentity
package import MeshModel

/// An authority for the identities of a test.
package struct TestAuthority {
    private let key: PrivateKey
    private let root: Certificate

    package init() throws {
        self.key = try PrivateKey()
        let now = Int64(Date().timeIntervalSince1970)
        var builder = CertificateBuilder(commonName: "root", serial: 1, notBefore: now - 60, notAfter: now + 3_600)
        builder.isAuthority = true
        self.root = try builder.issue(subjectKey: self.key, issuer: "root", issuerKey: self.key)
    }

    package func issue(_ identity: SPIFFEID, serial: UInt64 = 2) throws -> IssuedIdentity {
        let files = try self.files(identity, serial: serial)
        let now = Int64(Date().timeIntervalSince1970)
        return try IssuedIdentity(
            certChain: [files.certificate, files.roots],
            key: try PrivateKey(pkcs8PEM: files.key),
            requested: identity,
            now: now
        )
    }

    /// The same as PEM, valid for `seconds`.
    package func files(
        _ identity: SPIFFEID,
        serial: UInt64 = 2,
        seconds: Int64 = 3_600
    ) throws -> (certificate: String, key: String, roots: String) {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: serial, notBefore: now - 60, notAfter: now + seconds)
        builder.uris = [identity.uri]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "root", issuerKey: self.key)
        return (leaf.pem, try leafKey.pkcs8PEM(), self.root.pem)
    }

    /// A certificate with DNS names that is no identity of the mesh, valid for `seconds`, as PEM.
    package func host(
        _ names: [String],
        uris: [String] = [],
        seconds: Int64 = 3_600
    ) throws -> (certificate: String, key: String, roots: String) {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: 4, notBefore: now - 7_200, notAfter: now + seconds)
        builder.dnsNames = names
        builder.uris = uris
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "root", issuerKey: self.key)
        return (leaf.pem, try leafKey.pkcs8PEM(), self.root.pem)
    }

    /// What a server shows by such a certificate, and whom it takes.
    package func server(_ names: [String], uris: [String] = [], seconds: Int64 = 3_600) throws -> TLSContext {
        let files = try self.host(names, uris: uris, seconds: seconds)
        return try TLSContext(
            identity: TLSIdentity(
                chain: Certificate.parse(pem: files.certificate),
                key: PrivateKey(pkcs8PEM: files.key)
            ),
            trust: TrustAnchors([self.root]),
            policy: TLSPolicy(allowsTLS12: true)
        )
    }

    /// Its root, as PEM.
    package var roots: String { self.root.pem }

    /// A revocation list of these serial numbers, as PEM.
    package func revoking(_ serials: [UInt64]) throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        return try RevocationListBuilder(issuer: "root", serials: serials, thisUpdate: now - 60, nextUpdate: now + 60)
            .pem(signedWith: self.key)
    }

    /// A server's side for a host at a loopback address.
    package func hostContext(address: [UInt8] = [127, 0, 0, 1]) throws -> TLSContext {
        let now = Int64(Date().timeIntervalSince1970)
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(commonName: "", serial: 3, notBefore: now - 60, notAfter: now + 3_600)
        builder.addresses = [address]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "root", issuerKey: self.key)
        return try TLSContext(
            identity: TLSIdentity(chain: [leaf], key: leafKey),
            trust: TrustAnchors([self.root])
        )
    }
}
