import AWSClient
import AWSTestSupport
import CertificateAuthority
import Crypto
import Foundation
import SwiftASN1
import Synchronization
import Testing
import X509

@Suite struct PrivateCAIntermediateTests {
    private let mesh: TestPrivateCA

    init() throws {
        self.mesh = try TestPrivateCA()
    }

    @Test func theChainIsOurIntermediateThenThePrivateCAAndItsRootLast() async throws {
        let issued = try self.mesh.issue(try await self.mesh.keeper())
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 2, roots: 1))
        let intermediate = try Certificate(pemEncoded: issued.chain[1])
        #expect("\(intermediate.subject)".contains("Tulle mesh intermediate"))
        let behaviour = self.mesh.fake.behaviour.withLock { $0 }
        #expect(try Certificate(pemEncoded: issued.chain[2]) == behaviour.signer.certificate)
        #expect(try ChainCheck.certificates(issued.chain[3]) == [behaviour.above[1].certificate])
        #expect(try await ChainCheck.holds(issued.chain))
        let body = try #require(self.mesh.transport.requests.first { $0.action == "IssueCertificate" }?.body)
        #expect(body["TemplateArn"] == "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1")
        #expect(body["SigningAlgorithm"] == "SHA256WITHECDSA")
        #expect(body["IdempotencyToken"]?.string?.utf8.count == 32)
        let facts = try FileManager.default.attributesOfItem(atPath: "\(self.mesh.directory.path)/private-ca.json")
        #expect(facts[.posixPermissions] as? Int == 0o600)
        #expect(!FileManager.default.fileExists(atPath: "\(self.mesh.directory.path)/private-ca-pending.json"))
    }

    @Test func aPrivateCAThatIsTheRootStandsInTheBundleOnly() async throws {
        let root = try TestAuthority("only root")
        self.mesh.fake.bend {
            $0.signer = root
            $0.above = [root]
        }
        let issued = try self.mesh.issue(try await self.mesh.keeper())
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 1))
        #expect(try await ChainCheck.holds(issued.chain))
    }

    @Test func aRestartAsksNobodyWhileTheIntermediateHolds() async throws {
        let first = try await self.mesh.keeper()
        let asked = self.mesh.transport.requests.count
        let expiry = first.authority.intermediateExpiry
        self.mesh.fake.bend { $0.errors["DescribeCertificateAuthority"] = ["AccessDeniedException"] }
        let second = try await self.mesh.keeper()
        #expect(self.mesh.transport.requests.count == asked)
        #expect(second.authority.intermediateExpiry == expiry)
        #expect(try await ChainCheck.holds(try self.mesh.issue(second).chain))
    }

    @Test func aCertificateThatIsNotReadyIsLookedForWithPauses() async throws {
        self.mesh.fake.bend { $0.looks = 3 }
        _ = try await self.mesh.keeper()
        let pauses = self.mesh.pauses.pauses.withLock { $0 }
        #expect(pauses.count == 3)
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func aCertificateThatIsNeverReadyEndsTheWaitAndIsAskedForAgain() async throws {
        self.mesh.fake.bend { $0.looks = .max }
        let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
        #expect(error?.code == .privateCAUnavailable)
        #expect(self.mesh.pauses.total <= .seconds(60) && self.mesh.pauses.total > .seconds(59))
        // The next start, or the next attempt, waits for the very same certificate.
        self.mesh.fake.bend { $0.looks = 0 }
        _ = try await self.mesh.keeper()
        #expect(self.mesh.count == 1)
    }

    @Test func aCrashBeforeTheAnswerAsksForTheSameCertificate() async throws {
        // The call reached AWS, and the connection broke before the answer; the attempt's retries fail as well.
        self.mesh.fake.bend {
            $0.errors["IssueCertificate"] = Array(repeating: "ServiceUnavailableException", count: 20)
        }
        let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
        #expect(error?.code == .privateCAUnavailable)
        self.mesh.fake.bend { $0.errors = [:] }
        _ = try await self.mesh.keeper()
        let bodies = self.mesh.transport.requests.filter { $0.action == "IssueCertificate" }.map(\.body)
        #expect(bodies.count > 1)
        #expect(Set(bodies.map { $0["Csr"] }).count == 1 && Set(bodies.map { $0["IdempotencyToken"] }).count == 1)
    }

    @Test(arguments: [
        ("IssueCertificate", "LimitExceededException", AuthorityError.Code.privateCALimitExceeded),
        ("IssueCertificate", "InvalidStateException", .privateCAInvalidState),
        ("IssueCertificate", "MalformedCSRException", .privateCARequestInvalid),
        ("IssueCertificate", "InvalidArgsException", .privateCARequestInvalid),
        ("IssueCertificate", "AccessDeniedException", .privateCADenied),
        ("GetCertificate", "RequestFailedException", .privateCARequestFailed),
        ("GetCertificateAuthorityCertificate", "ResourceNotFoundException", .privateCANotFound),
        ("DescribeCertificateAuthority", "ExpiredTokenException", .privateCADenied),
    ])
    func errorsHaveClearCodes(_ action: String, _ code: String, _ expected: AuthorityError.Code) async throws {
        self.mesh.fake.bend { $0.errors[action] = Array(repeating: code, count: 9) }
        let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
        #expect(error?.code == expected)
        #expect(error?.message.contains(code) == true)
        // Another attempt makes a new request, as this one will never be answered.
        self.mesh.fake.bend { $0.errors = [:] }
        #expect(try await ChainCheck.holds(try self.mesh.issue(try await self.mesh.keeper()).chain))
    }

    @Test func throttlingIsTriedAgainAndThenNamed() async throws {
        self.mesh.fake.bend { $0.errors["IssueCertificate"] = Array(repeating: "ThrottlingException", count: 50) }
        let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
        #expect(error?.code == .privateCAThrottled)
        #expect(self.mesh.count > 1 && self.mesh.count < 50)
    }

    @Test func anAuthorityThatIsNotActiveIsNotAsked() async throws {
        self.mesh.fake.bend { $0.status = "PENDING_CERTIFICATE" }
        let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
        #expect(error?.code == .privateCAInvalidState)
        #expect(self.mesh.count == 0)
    }

    /// What an authority may answer that must never sign anything.
    enum BadAnswer: String, CaseIterable, Sendable {
        case noAuthority, otherKey, otherSigner, brokenText, foreignInChain, twoRoots, noRoot, shortPath, expired
    }

    @Test(arguments: BadAnswer.allCases) func aBadAnswerIsRefused(_ answer: BadAnswer) async throws {
        let stranger = try TestAuthority("stranger")
        let root = self.mesh.fake.behaviour.withLock { $0.above[1] }
        let tooShort = try TestAuthority("corporate issuing", by: root) { $0.pathLength = 0 }
        self.mesh.fake.bend { behaviour in
            switch answer {
            case .noAuthority: behaviour.isAuthority = false
            case .otherKey: behaviour.key = stranger.key.publicKey
            case .otherSigner: behaviour.signer = stranger
            case .brokenText: behaviour.chain = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
            case .foreignInChain: behaviour.chain = try? TestAuthority("lost", by: stranger).pem
            case .twoRoots: behaviour.above.append(stranger)
            case .noRoot: behaviour.above.removeLast()
            case .shortPath:
                behaviour.signer = tooShort
                behaviour.above[0] = tooShort
            case .expired: behaviour.lifetime = -60
            }
        }
        let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
        #expect(error?.code == .privateCAAnswerInvalid, "\(String(describing: error))")
        let files = try FileManager.default.contentsOfDirectory(atPath: self.mesh.directory.path)
        #expect(!files.contains { $0.hasPrefix("private-ca") }, "nothing is kept, so the next attempt is a new one")
    }

    @Test func aFileThatWasTamperedWithStopsTheStart() async throws {
        _ = try await self.mesh.keeper()
        let content = try #require(try self.mesh.state.read("private-ca.json"))
        var record = try #require(JSONSerialization.jsonObject(with: Data(content)) as? [String: Any])
        record["key"] = P256.Signing.PrivateKey().pemRepresentation
        let changed = Array(try JSONSerialization.data(withJSONObject: record))
        for bytes in [changed, Array("{".utf8)] {
            try self.mesh.state.write("private-ca.json", bytes)
            let error = await #expect(throws: AuthorityError.self) { try await self.mesh.keeper() }
            #expect(error?.code == .stateCorrupt)
            #expect(error?.description.contains("PRIVATE KEY") == false)
        }
    }

    @Test(arguments: [
        "", "arn:aws:ecs:us-east-1:111122223333:certificate-authority/1", "arn:aws:acm-pca:us-east-1::x",
        "arn:aws:acm-pca:us east:111122223333:certificate-authority/1",
        "arn:aws:acm-pca:us-east-1:111122223333:template/1",
    ])
    func anARNOfSomethingElseIsRefused(_ text: String) {
        let error = #expect(throws: AuthorityError.self) { try PrivateCASettings(authority: text) }
        #expect(error?.code == .privateCARequestInvalid)
    }

    @Test func templatesAreThoseOfTheAuthoritysPartition() throws {
        let text = "arn:aws-cn:acm-pca:cn-north-1:111122223333:certificate-authority/1"
        #expect(
            try PrivateCASettings(authority: text).intermediateTemplate
                == "arn:aws-cn:acm-pca:::template/SubordinateCACertificate_PathLen0/V1"
        )
    }
}
