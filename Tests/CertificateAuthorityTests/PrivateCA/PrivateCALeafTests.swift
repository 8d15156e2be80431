import AWSClient
import AWSTestSupport
import CertificateAuthority
import Crypto
import Foundation
import Logging
import MeshModel
import SwiftASN1
import Synchronization
import Testing
import X509

@Suite struct PrivateCALeafTests {
    let fake: FakePrivateCA
    let transport: AWSTestSupport.FakeAWS
    let now = Date()
    private static let uri = "spiffe://cluster.local/ns/shop/sa/echo"

    init() throws {
        self.fake = try FakePrivateCA()
        self.transport = self.fake.transport
    }

    func issuer(
        lifetimes: AuthorityLifetimes = AuthorityLifetimes(),
        sleep: @escaping @Sendable (Duration) async throws -> Void = { _ in },
        bend: (inout PrivateCASettings) -> Void = { _ in }
    ) async throws -> PrivateCALeafIssuer {
        var settings = try PrivateCASettings(authority: FakePrivateCA.arn)
        bend(&settings)
        let client = AWSClient(
            try AWSConfiguration.test(),
            transport: self.transport,
            logger: Logger(label: "test")
        )
        return try await PrivateCALeafIssuer(
            conversation: PrivateCAConversation(client: client, settings: settings, sleep: sleep),
            trustDomain: "cluster.local",
            lifetimes: lifetimes,
            now: self.now
        )
    }

    func issue(
        _ issuer: PrivateCALeafIssuer,
        _ pem: String? = nil,
        seconds: Int = 3600,
        now: Date? = nil
    ) async throws -> IssuedCertificate {
        try await issuer.issue(
            for: try SPIFFEID(parsing: Self.uri),
            request: try SigningRequest(pem: try pem ?? TestRequest.pem()),
            lifetime: .seconds(seconds),
            now: now ?? self.now
        )
    }

    @Test func aLeafHasTheCallersNameAndTheWholeChain() async throws {
        let issuer = try await self.issuer()
        let issued = try await self.issue(issuer)
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 1))
        #expect(try await ChainCheck.holds(issued.chain))
        #expect(issued.chain.last == issuer.trustBundle)
        #expect(issued.identity.uri == Self.uri)
        #expect(abs(issued.notAfter.timeIntervalSince(self.now) - 3600) < 2)
        let body = try #require(self.transport.requests.last { $0.action == "IssueCertificate" }?.body)
        #expect(body["TemplateArn"] == "arn:aws:acm-pca:::template/BlankEndEntityCertificate_APIPassthrough/V1")
        let passthrough = try #require(body["ApiPassthrough"])
        #expect(passthrough["Subject"] == ["Organization": "cluster.local"])
        let names: JSONValue = [["UniformResourceIdentifier": .string(Self.uri)]]
        #expect(passthrough["Extensions"]?["SubjectAlternativeNames"] == names)
    }

    @Test func withoutASubjectTheNamesAreCritical() async throws {
        let issuer = try await self.issuer(bend: { $0.leafTemplate = .apiPassthroughWithoutSubject })
        let leaf = try Certificate(pemEncoded: try await self.issue(issuer).chain[0])
        #expect(leaf.subject.isEmpty)
        #expect(leaf.extensions[oid: .X509ExtensionID.subjectAlternativeName]?.critical == true)
        self.fake.bend { $0.hasCriticalNames = false }
        let error = await #expect(throws: AuthorityError.self) { try await self.issue(issuer) }
        #expect(error?.code == .privateCAAnswerInvalid)
    }

    @Test func aRequestThatIsPassedOnMayHoldNothingButTheIdentity() async throws {
        let issuer = try await self.issuer(bend: { $0.leafTemplate = .csrPassthrough })
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        func request(_ uris: [String], critical: Bool = true, subject: String? = nil) throws -> String {
            let names = try Certificate.Extension(
                SubjectAlternativeNames(uris.map { .uniformResourceIdentifier($0) }),
                critical: critical
            )
            let request = try CertificateSigningRequest(
                version: .v1,
                subject: try DistinguishedName { if let subject { CommonName(subject) } },
                privateKey: key,
                attributes: try .init([.init(ExtensionRequest(extensions: try Certificate.Extensions([names])))]),
                signatureAlgorithm: .ecdsaWithSHA256
            )
            return try request.serializeAsPEM().pemString
        }
        let issued = try await self.issue(issuer, try request([Self.uri]))
        #expect(try await ChainCheck.holds(issued.chain))
        let body = try #require(self.transport.requests.last { $0.action == "IssueCertificate" }?.body)
        #expect(body["TemplateArn"] == "arn:aws:acm-pca:::template/EndEntityCertificate_CSRPassthrough/V1")
        #expect(body["ApiPassthrough"] == nil)
        let asked = self.transport.requests.count
        for pem in [
            try TestRequest.pem(), try request([Self.uri], critical: false), try request([Self.uri], subject: "admin"),
            try request([Self.uri, Self.uri]), try request(["spiffe://cluster.local/ns/shop/sa/admin"]),
        ] {
            let refusal = await #expect(throws: IssuanceRefusal.self) { try await self.issue(issuer, pem) }
            #expect(refusal?.code == .csrMalformed)
        }
        #expect(self.transport.requests.count == asked, "nothing of that reaches AWS")
    }

    /// What an authority may answer that must never reach a workload.
    enum BadAnswer: CaseIterable, Sendable {
        case otherName, moreNames, otherKey, otherSigner, authority, longer, servers, subjectOfRequest
    }

    @Test(arguments: BadAnswer.allCases) func aBadAnswerReachesNobody(_ answer: BadAnswer) async throws {
        let issuer = try await self.issuer()
        let stranger = try TestAuthority("stranger")
        self.fake.bend { behaviour in
            switch answer {
            case .otherName: behaviour.names = [.uniformResourceIdentifier("spiffe://cluster.local/ns/a/sa/b")]
            case .moreNames: behaviour.names = [.uniformResourceIdentifier(Self.uri), .dnsName("a.example")]
            case .otherKey: behaviour.key = stranger.key.publicKey
            case .otherSigner: behaviour.signer = stranger
            case .authority: behaviour.pathLength = nil
            case .longer: behaviour.lifetime = 365 * 86_400
            case .servers: behaviour.purposes = [.serverAuth]
            case .subjectOfRequest: behaviour.usesSubjectOfRequest = true
            }
        }
        let key = P256.Signing.PrivateKey()
        let request = try CertificateSigningRequest(
            version: .v1,
            subject: try DistinguishedName { CommonName("admin") },
            privateKey: Certificate.PrivateKey(key),
            attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256
        )
        let pem = try request.serializeAsPEM().pemString
        let error = await #expect(throws: AuthorityError.self) { try await self.issue(issuer, pem) }
        #expect(error?.code == .privateCAAnswerInvalid)
    }

    @Test func aRepeatedRequestIsPaidForOnce() async throws {
        let issuer = try await self.issuer()
        let pem = try TestRequest.pem()
        let first = try await self.issue(issuer, pem)
        let second = try await self.issue(issuer, pem, now: self.now + 5)
        #expect(first.serial == second.serial)
        #expect(try await self.issue(issuer).serial != first.serial)
    }

    @Test func soManyAtOnceAndNoMore() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let waiting = AsyncStream.makeStream(of: Void.self)
        self.fake.bend { $0.looks = 1 }
        let issuer = try await self.issuer(
            sleep: { _ in
                waiting.continuation.yield()
                for await _ in gate { break }
            },
            bend: {
                $0.concurrentLeaves = 2
                $0.leavesPerSecond = 1000
            }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { _ = try await self.issue(issuer) } }
            var arrivals = waiting.stream.makeAsyncIterator()
            for _ in 0..<2 { await arrivals.next() }
            let refusal = await #expect(throws: IssuanceRefusal.self) { try await self.issue(issuer) }
            #expect(refusal?.code == .authorityUnavailable && refusal?.answer == .unavailable)
            open.finish()
            try await group.waitForAll()
        }
        self.fake.bend { $0.looks = 0 }
        _ = try await self.issue(issuer)
    }

    @Test func soManyASecondAndNoMore() async throws {
        let uptime = Mutex(ContinuousClock.now)
        var settings = try PrivateCASettings(authority: FakePrivateCA.arn)
        settings.leavesPerSecond = 3
        let client = AWSClient(try AWSConfiguration.test(), transport: self.transport, logger: Logger(label: "test"))
        let issuer = try await PrivateCALeafIssuer(
            conversation: PrivateCAConversation(client: client, settings: settings, sleep: { _ in }),
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: self.now,
            uptime: { uptime.withLock { $0 } }
        )
        for _ in 0..<3 { _ = try await self.issue(issuer) }
        await #expect(throws: IssuanceRefusal.self) { try await self.issue(issuer) }
        uptime.withLock { $0 += .milliseconds(400) }
        _ = try await self.issue(issuer)
        await #expect(throws: IssuanceRefusal.self) { try await self.issue(issuer) }
    }

    @Test func aBusyAuthorityMeansComeAgain() async throws {
        let issuer = try await self.issuer()
        self.fake.bend { $0.errors["IssueCertificate"] = Array(repeating: "ThrottlingException", count: 50) }
        let refusal = await #expect(throws: IssuanceRefusal.self) { try await self.issue(issuer) }
        #expect(refusal?.code == .authorityUnavailable)
        self.fake.bend { $0.errors["IssueCertificate"] = ["LimitExceededException"] }
        let error = await #expect(throws: AuthorityError.self) { try await self.issue(issuer) }
        #expect(error?.code == .privateCALimitExceeded)
    }

    @Test func anotherRootIsRefused() async throws {
        let issuer = try await self.issuer()
        let other = try TestAuthority("other root")
        self.fake.bend {
            $0.signer = other
            $0.above = [other]
        }
        let error = await #expect(throws: AuthorityError.self) { try await self.issue(issuer, now: self.now + 601) }
        #expect(error?.code == .rootChangeRefused)
    }

    @Test func theControlPlanesOwnCertificateComesFromThereToo() async throws {
        let issuer = try await self.issuer()
        let names = ["tulled.example", "10.0.0.1", "2001:db8::1"].compactMap { ServerName(parsing: $0) }
        let serving = try await issuer.makeServingCertificate(names: names, now: self.now)
        let chain = try ChainCheck.certificates(serving.chain).map { try $0.serializeAsPEM().pemString }
        #expect(chain.count == 2)
        #expect(try await ChainCheck.holds(chain + [issuer.trustBundle], uri: nil))
        let leaf = try Certificate(pemEncoded: chain[0])
        #expect(try leaf.extensions.subjectAlternativeNames?.count == 3)
        let key = try P256.Signing.PrivateKey(pemRepresentation: serving.privateKey)
        #expect(Certificate.PublicKey(key.publicKey) == leaf.publicKey)
    }

    @Test func theWholeWayFromACallToAnAnswer() async throws {
        let directory = try TemporaryDirectory()
        let journal = IssuanceJournal(
            state: try StateDirectory(path: directory.path),
            logger: Logger(label: "test")
        )
        let aws = FakeAWS()
        let issuer = CertificateIssuer(
            authority: try await self.issuer(),
            attestor: ECSAttestor(policy: try TestMesh.policy(), verifier: aws, tasks: aws),
            journal: journal
        )
        let issued = try await issuer.answer(try TestMesh.call(), now: Date())
        #expect(try await ChainCheck.holds(issued.chain))
        #expect(journal.newest.last?.serial == issued.serial)
    }
}
