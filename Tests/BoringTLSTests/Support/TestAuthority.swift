import BoringTLS
import Glibc

/// A root in memory that issues whatever certificate a test asks for.
struct TestAuthority {
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
            notBefore: Self.now - 3_600,
            notAfter: Self.now + 86_400
        )
        builder.isAuthority = true
        root = try builder.issue(subjectKey: key, issuer: name, issuerKey: key)
    }

    var trust: TrustAnchors {
        get throws { try TrustAnchors([root]) }
    }

    /// A leaf valid from an hour ago for a day, changed by `adjust`.
    func identity(
        _ uris: [String],
        serial: UInt64 = 7,
        adjust: (inout CertificateBuilder) -> Void = { _ in }
    ) throws -> TLSIdentity {
        let leafKey = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: "",
            serial: serial,
            notBefore: Self.now - 3_600,
            notAfter: Self.now + 86_400
        )
        builder.uris = uris
        adjust(&builder)
        let leaf = try builder.issue(subjectKey: leafKey, issuer: name, issuerKey: key)
        return try TLSIdentity(chain: [leaf], key: leafKey)
    }

    /// An authority whose certificate this one issued.
    func intermediate(_ name: String, serial: UInt64) throws -> TestAuthority {
        let key = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: name,
            serial: serial,
            notBefore: Self.now - 3_600,
            notAfter: Self.now + 86_400
        )
        builder.isAuthority = true
        let certificate = try builder.issue(subjectKey: key, issuer: self.name, issuerKey: self.key)
        return TestAuthority(name: name, key: key, root: certificate)
    }

    private init(name: String, key: PrivateKey, root: Certificate) {
        self.name = name
        self.key = key
        self.root = root
    }

    /// A list that revokes `serials`, in PEM.
    func revoking(_ serials: [UInt64], nextUpdate: Int64 = TestAuthority.now + 3_600) throws -> String {
        let builder = RevocationListBuilder(
            issuer: name,
            serials: serials,
            thisUpdate: Self.now - 7_200,
            nextUpdate: nextUpdate
        )
        return try builder.pem(signedWith: key)
    }

    /// A context with a leaf of this authority that trusts this authority.
    func context(_ uris: [String], adjust: (inout CertificateBuilder) -> Void = { _ in }) throws -> TLSContext {
        try TLSContext(identity: try identity(uris, adjust: adjust), trust: try trust)
    }

    static let clientURI = "spiffe://cluster.local/ns/default/sa/client"
    static let serverURI = "spiffe://cluster.local/ns/default/sa/server"
}
