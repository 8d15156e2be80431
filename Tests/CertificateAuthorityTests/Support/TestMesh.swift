import CertificateAuthority
import Crypto
import Foundation
import Logging
import Testing

/// A whole issuer over a fake AWS, in a directory of its own.
struct TestMesh {
    let directory: TemporaryDirectory
    let authority: SigningAuthority
    let journal: IssuanceJournal
    let issuer: CertificateIssuer
    let aws = FakeAWS()

    static func policy() throws -> AttestationPolicy {
        let role = try #require(RoleName(arn: FakeAWS.roleARN))
        return AttestationPolicy(
            audience: "cluster.local/tulled",
            trustDomain: "cluster.local",
            regions: ["us-east-1"],
            accounts: ["111122223333"],
            clusters: ["c1"],
            bindings: [RoleBinding(role: role, namespace: "shop", serviceAccount: "echo")]
        )
    }

    init(policy: AttestationPolicy? = nil, lifetimes: AuthorityLifetimes = AuthorityLifetimes()) throws {
        self.directory = try TemporaryDirectory()
        let state = try StateDirectory(path: self.directory.path)
        self.authority = try SigningAuthority(
            state: state,
            trustDomain: "cluster.local",
            lifetimes: lifetimes,
            now: Date()
        )
        self.journal = IssuanceJournal(state: state, logger: Logger(label: "test"))
        let attestor = ECSAttestor(policy: try policy ?? Self.policy(), verifier: self.aws, tasks: self.aws)
        self.issuer = CertificateIssuer(authority: self.authority, attestor: attestor, journal: self.journal)
    }

    /// A request and the attestation that belongs to its key.
    static func call(
        uris: [String] = [],
        bend: (inout TestAttestation) -> Void = { _ in }
    ) throws -> CertificateIssuer.Call {
        let pem = try TestRequest.pem(uris: uris)
        var attestation = TestAttestation()
        attestation.keyDigest = try SigningRequest(pem: pem).keyDigest
        bend(&attestation)
        return CertificateIssuer.Call(
            csr: pem,
            validitySeconds: 0,
            authorization: [try attestation.authorization()],
            peer: "ipv4:127.0.0.1:1"
        )
    }

    /// The code with which a call is refused; nil when it is not.
    func refusal(_ call: CertificateIssuer.Call, now: Date = Date()) async throws -> IssuanceRefusal.Code? {
        do {
            _ = try await self.issuer.answer(call, now: now)
            return nil
        } catch let refusal as IssuanceRefusal {
            return refusal.code
        }
    }
}
