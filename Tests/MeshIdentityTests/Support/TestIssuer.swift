import BoringTLS
import Glibc
import MeshIdentity
import MeshModel

/// A root in memory that answers like the mesh's authority.
struct TestIssuer {
    let name: String
    let key: PrivateKey
    let root: Certificate

    static var now: Int64 { Int64(time(nil)) }

    init(_ name: String = "test root") throws {
        self.name = name
        key = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: name,
            serial: 1,
            notBefore: Self.now - 86_400,
            notAfter: Self.now + 86_400
        )
        builder.isAuthority = true
        root = try builder.issue(subjectKey: key, issuer: name, issuerKey: key)
    }

    /// A leaf for `uris`, by default valid since a minute for an hour.
    func leaf(
        _ uris: [String],
        for leafKey: PrivateKey,
        serial: UInt64 = 7,
        validity: ClosedRange<Int64> = -60...3_600
    ) throws -> Certificate {
        var builder = CertificateBuilder(
            commonName: "",
            serial: serial,
            notBefore: Self.now + validity.lowerBound,
            notAfter: Self.now + validity.upperBound
        )
        builder.uris = uris
        return try builder.issue(subjectKey: leafKey, issuer: name, issuerKey: key)
    }

    /// What a `CreateCertificate` for `identity` gives.
    func issued(
        _ identity: SPIFFEID,
        serial: UInt64 = 7,
        validity: ClosedRange<Int64> = -60...3_600
    ) throws -> IssuedIdentity {
        let leafKey = try PrivateKey()
        let leaf = try leaf([identity.uri], for: leafKey, serial: serial, validity: validity)
        return try IssuedIdentity(
            certChain: [leaf.pem, root.pem],
            key: leafKey,
            requested: identity,
            now: Self.now
        )
    }
}
