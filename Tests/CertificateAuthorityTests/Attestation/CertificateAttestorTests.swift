import CertificateAuthority
import Crypto
import Foundation
import Logging
import MeshModel
import SwiftASN1
import Testing
import X509

@Suite struct CertificateAttestorTests {
    private let mesh: TestMesh
    private let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))

    init() throws {
        self.mesh = try TestMesh()
    }

    private func attestor(_ bend: (inout CertificateAttestor.Policy) -> Void = { _ in }) throws -> CertificateAttestor {
        var policy = CertificateAttestor.Policy(
            domains: try TrustDomains(main: "cluster.local", aliases: ["old.local"]),
            attested: ["shop/echo"]
        )
        bend(&policy)
        return CertificateAttestor(policy: policy, authority: self.mesh.authority)
    }

    private func issue(_ uri: String, by authority: SigningAuthority? = nil) throws -> [String] {
        try (authority ?? self.mesh.authority).issue(
            for: try SPIFFEID(parsing: uri),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: self.now
        ).chain
    }

    private func evidence(_ chain: [String]) throws -> CallerEvidence {
        CallerEvidence(
            authorization: [],
            certificates: try chain.dropLast().map { try PEMDocument(pemString: $0).derBytes }
        )
    }

    private func reason(
        _ evidence: CallerEvidence,
        _ attestor: CertificateAttestor? = nil,
        now: Date? = nil
    ) async throws -> IssuanceRefusal.Reason? {
        let attestor = try attestor ?? self.attestor()
        do {
            _ = try await attestor.attest(evidence, now: now ?? self.now)
            return nil
        } catch {
            #expect(error.code == .clientCertificateRefused)
            #expect(error.hint == "not accepted; the control plane's journal says why")
            return error.reason
        }
    }

    @Test func aMachineRenewsWithTheCertificateThatItHas() async throws {
        let issuer = CertificateIssuer(
            authority: self.mesh.authority,
            attestors: AttestorChoice(
                task: ECSAttestor(policy: try TestMesh.policy(), verifier: self.mesh.aws, tasks: self.mesh.aws),
                certificate: try self.attestor()
            ),
            journal: self.mesh.journal
        )
        let chain = try self.issue("spiffe://cluster.local/ns/edge/sa/printer")
        let certificates = try self.evidence(chain).certificates
        var call = CertificateIssuer.Call(
            csr: try TestRequest.pem(),
            validitySeconds: 0,
            authorization: [],
            peer: "p",
            certificates: certificates
        )
        let issued = try await issuer.answer(call, now: self.now)
        #expect(issued.identity.uri == "spiffe://cluster.local/ns/edge/sa/printer")
        let record = try #require(self.mesh.journal.newest.last)
        #expect(record.attestor == "client_certificate")
        #expect(record.caller == "certificate/\(try Certificate(pemEncoded: chain[0]).serialNumberHex)")
        // For itself alone.
        call.csr = try TestRequest.pem(uris: ["spiffe://cluster.local/ns/edge/sa/admin"])
        await #expect(throws: IssuanceRefusal.self) { try await issuer.answer(call, now: self.now) }
        #expect(self.mesh.journal.newest.last?.code == "csr_identity_mismatch")
        // A certificate beside another proof counts for nothing.
        call.authorization = ["Bearer x"]
        await #expect(throws: IssuanceRefusal.self) { try await issuer.answer(call, now: self.now) }
        #expect(self.mesh.journal.newest.last?.code == "attestation_malformed")
    }

    @Test func anExpiredCertificateRenewsNothing() async throws {
        let evidence = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer"))
        #expect(try await self.reason(evidence) == nil)
        for seconds in [86_400.0, -121] {
            let now = self.now.addingTimeInterval(seconds)
            #expect(try await self.reason(evidence, now: now) == .clientCertificateExpired)
        }
    }

    @Test func aStrangersCertificateRenewsNothing() async throws {
        let other = try TestMesh()
        let chain = try self.issue("spiffe://cluster.local/ns/edge/sa/printer", by: other.authority)
        #expect(try await self.reason(try self.evidence(chain)) == .clientCertificateUntrusted)
        // Its own root does not help.
        var evidence = try self.evidence(chain)
        evidence.certificates.append(try PEMDocument(pemString: try #require(chain.last)).derBytes)
        #expect(try await self.reason(evidence) == .clientCertificateUntrusted)
        // Nor does a stranger's leaf alone.
        evidence.certificates = Array(evidence.certificates.prefix(1))
        #expect(try await self.reason(evidence) == .clientCertificateUntrusted)
    }

    @Test func ourOwnLeafNeedsNoneAboveItAsTLSHandsOnNothingElse() async throws {
        var mine = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer"))
        mine.certificates.removeLast()
        #expect(try await self.reason(mine) == nil)
    }

    @Test func aLeafAloneIsKnownAlsoWhenItsSignerHasRetired() async throws {
        var lifetimes = AuthorityLifetimes()
        lifetimes.intermediate = .seconds(60_000)
        let mesh = try TestMesh(lifetimes: lifetimes)
        var mine = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer", by: mesh.authority))
        mine.certificates.removeLast()
        let later = self.now.addingTimeInterval(30_100)
        #expect(try mesh.authority.renewIntermediate(now: later))
        let policy = CertificateAttestor.Policy(domains: try TrustDomains(main: "cluster.local"), attested: [])
        let attestor = CertificateAttestor(policy: policy, authority: mesh.authority)
        #expect(try await self.reason(mine, attestor, now: later) == nil)
        let kept = try String(contentsOfFile: "\(mesh.directory.path)/retired.pem", encoding: .utf8)
        #expect(kept.contains("BEGIN CERTIFICATE") && !kept.contains("PRIVATE"))
    }

    @Test func whoNeverJoinedDoesNotRenew() async throws {
        let policy = CertificateAttestor.Policy(domains: try TrustDomains(main: "cluster.local"), attested: [])
        let attestor = CertificateAttestor(policy: policy, authority: self.mesh.authority) { $0 == "edge/printer" }
        let printer = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer"))
        #expect(try await self.reason(printer, attestor) == nil)
        let other = try self.evidence(try self.issue("spiffe://cluster.local/ns/shop/sa/web"))
        #expect(try await self.reason(other, attestor) == .clientCertificateNeedsAttestation)
    }

    /// Seven authorities that could each have signed every other, which must not be tried in every order.
    @Test(.timeLimit(.minutes(1))) func manyCertificatesOfOneNameCostLittle() async throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let rings = try (0..<7).map { _ in try TestAuthority("ring", key: key) }
        let leaf = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer")).certificates[0]
        let forged = try TestAuthority("printer", by: rings[0])
        for first in [leaf, try PEMDocument(pemString: try forged.pem).derBytes] {
            let certificates = [first] + (try rings.map { try PEMDocument(pemString: try $0.pem).derBytes })
            let evidence = CallerEvidence(authorization: [], certificates: certificates)
            #expect(try await self.reason(evidence) == .clientCertificateUntrusted)
        }
    }

    @Test func anAuthoritysCertificateIsNobodys() async throws {
        let chain = try self.issue("spiffe://cluster.local/ns/edge/sa/printer")
        let evidence = CallerEvidence(
            authorization: [],
            certificates: [try PEMDocument(pemString: chain[1]).derBytes]
        )
        #expect(try await self.reason(evidence) == .clientCertificateUntrusted)
    }

    @Test func whoHasToAttestMayNotRenewUnlessAllowed() async throws {
        let evidence = try self.evidence(try self.issue("spiffe://cluster.local/ns/shop/sa/echo"))
        #expect(try await self.reason(evidence) == .clientCertificateNeedsAttestation)
        #expect(try await self.reason(evidence, try self.attestor { $0.allowsAttested = true }) == nil)
    }

    @Test func whoMayRenewIsNotKnownIsToComeAgain() async throws {
        let evidence = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer"))
        let attestor = CertificateAttestor(
            policy: .init(domains: try TrustDomains(main: "cluster.local"), attested: []),
            authority: self.mesh.authority
        ) { _ in throw AuthorityError(.stateUnavailable, "no answer") }
        let refusal = await #expect(throws: IssuanceRefusal.self) {
            try await attestor.attest(evidence, now: self.now)
        }
        #expect(refusal?.code == .authorityUnavailable)
    }

    @Test func anAliasIsRenewedUnderTheMainName() async throws {
        let directory = try TemporaryDirectory()
        let root = try TestAuthority("root")
        for (name, text) in [("tls.crt", try root.pem), ("tls.key", try root.keyPEM), ("ca.crt", try root.pem)] {
            try Data(text.utf8).write(to: URL(filePath: "\(directory.path)/\(name)"))
        }
        func authority(_ domain: String) throws -> SigningAuthority {
            try SigningAuthority(
                pluggedIn: directory.path,
                trustDomain: domain,
                lifetimes: AuthorityLifetimes(),
                now: self.now
            )
        }
        let policy = CertificateAttestor.Policy(
            domains: try TrustDomains(main: "cluster.local", aliases: ["old.local"]),
            attested: []
        )
        let attestor = CertificateAttestor(policy: policy, authority: try authority("cluster.local"))
        let old = try self.issue("spiffe://old.local/ns/edge/sa/printer", by: try authority("old.local"))
        let caller = try await attestor.attest(try self.evidence(old), now: self.now)
        #expect(caller.identity.uri == "spiffe://cluster.local/ns/edge/sa/printer")
        let foreign = try self.issue("spiffe://far.local/ns/edge/sa/printer", by: try authority("far.local"))
        #expect(try await self.reason(try self.evidence(foreign), attestor) == .clientCertificateForeign)
    }

    @Test func whatIsNoChainIsRefused() async throws {
        let chain = try self.evidence(try self.issue("spiffe://cluster.local/ns/edge/sa/printer")).certificates
        let cases: [[[UInt8]]] = [
            [], [[]], [[0x30]], [[UInt8](repeating: 0, count: 65 << 10)], Array(repeating: chain[0], count: 9),
        ]
        for certificates in cases {
            let evidence = CallerEvidence(authorization: [], certificates: certificates)
            #expect(try await self.reason(evidence) == .clientCertificateMalformed)
        }
    }
}

extension Certificate {
    /// The serial number as the journal writes it.
    fileprivate var serialNumberHex: String { self.serialNumber.bytes.map { String(format: "%02x", $0) }.joined() }
}
