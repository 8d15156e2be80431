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

@Suite struct PrivateCAIntermediateTests {
    private let directory: TemporaryDirectory
    private let state: StateDirectory
    private let fake: FakePrivateCA
    private let transport: AWSTestSupport.FakeAWS
    private let pauses = CountedPauses()
    private let now = Date()

    init() throws {
        self.directory = try TemporaryDirectory()
        self.state = try StateDirectory(path: self.directory.path)
        self.fake = try FakePrivateCA()
        self.transport = self.fake.transport
    }

    private func keeper(
        _ state: StateDirectory? = nil,
        now: Date? = nil,
        chance: Double = 0,
        bend: (inout PrivateCASettings) -> Void = { _ in }
    ) async throws -> PrivateCAKeeper {
        var settings = try PrivateCASettings(authority: FakePrivateCA.arn)
        settings.intermediateLifetime = .seconds(9 * 86_400)
        bend(&settings)
        let client = AWSClient(
            try AWSConfiguration.test(),
            transport: self.transport,
            logger: Logger(label: "test")
        )
        return try await PrivateCAKeeper(
            conversation: PrivateCAConversation(
                client: client,
                settings: settings,
                sleep: { try await self.pauses.sleep($0) }
            ),
            state: state ?? self.state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: now ?? self.now,
            chance: { chance },
            logger: Logger(label: "test")
        )
    }

    private func issue(_ keeper: PrivateCAKeeper, now: Date? = nil) throws -> IssuedCertificate {
        try keeper.authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: now ?? self.now
        )
    }

    private var count: Int { self.transport.actions.filter { $0 == "IssueCertificate" }.count }

    @Test func theChainIsOurIntermediateThenThePrivateCAAndItsRootLast() async throws {
        let issued = try self.issue(try await self.keeper())
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 2, roots: 1))
        let intermediate = try Certificate(pemEncoded: issued.chain[1])
        #expect("\(intermediate.subject)".contains("Tulle mesh intermediate"))
        let behaviour = self.fake.behaviour.withLock { $0 }
        #expect(try Certificate(pemEncoded: issued.chain[2]) == behaviour.signer.certificate)
        #expect(try ChainCheck.certificates(issued.chain[3]) == [behaviour.above[1].certificate])
        #expect(try await ChainCheck.holds(issued.chain))
        let body = try #require(self.transport.requests.first { $0.action == "IssueCertificate" }?.body)
        #expect(body["TemplateArn"] == "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1")
        #expect(body["SigningAlgorithm"] == "SHA256WITHECDSA")
        #expect(body["IdempotencyToken"]?.string?.utf8.count == 32)
        let facts = try FileManager.default.attributesOfItem(atPath: "\(self.directory.path)/private-ca.json")
        #expect(facts[.posixPermissions] as? Int == 0o600)
        #expect(!FileManager.default.fileExists(atPath: "\(self.directory.path)/private-ca-pending.json"))
    }

    @Test func aPrivateCAThatIsTheRootStandsInTheBundleOnly() async throws {
        let root = try TestAuthority("only root")
        self.fake.bend {
            $0.signer = root
            $0.above = [root]
        }
        let issued = try self.issue(try await self.keeper())
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 1))
        #expect(try await ChainCheck.holds(issued.chain))
    }

    @Test func aRestartAsksNobodyWhileTheIntermediateHolds() async throws {
        let first = try await self.keeper()
        let asked = self.transport.requests.count
        let expiry = first.authority.intermediateExpiry
        self.fake.bend { $0.errors["DescribeCertificateAuthority"] = ["AccessDeniedException"] }
        let second = try await self.keeper()
        #expect(self.transport.requests.count == asked)
        #expect(second.authority.intermediateExpiry == expiry)
        #expect(try await ChainCheck.holds(try self.issue(second).chain))
    }

    @Test func aCertificateThatIsNotReadyIsLookedForWithPauses() async throws {
        self.fake.bend { $0.looks = 3 }
        _ = try await self.keeper()
        let pauses = self.pauses.pauses.withLock { $0 }
        #expect(pauses.count == 3)
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func aCertificateThatIsNeverReadyEndsTheWaitAndIsAskedForAgain() async throws {
        self.fake.bend { $0.looks = .max }
        let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
        #expect(error?.code == .privateCAUnavailable)
        #expect(self.pauses.total <= .seconds(60) && self.pauses.total > .seconds(59))
        // The next start, or the next attempt, waits for the very same certificate.
        self.fake.bend { $0.looks = 0 }
        _ = try await self.keeper()
        #expect(self.count == 1)
    }

    @Test func aCrashBeforeTheAnswerAsksForTheSameCertificate() async throws {
        // The call reached AWS, and the connection broke before the answer; the attempt's retries fail as well.
        self.fake.bend {
            $0.errors["IssueCertificate"] = Array(repeating: "ServiceUnavailableException", count: 20)
        }
        let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
        #expect(error?.code == .privateCAUnavailable)
        self.fake.bend { $0.errors = [:] }
        _ = try await self.keeper()
        let bodies = self.transport.requests.filter { $0.action == "IssueCertificate" }.map(\.body)
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
        self.fake.bend { $0.errors[action] = Array(repeating: code, count: 9) }
        let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
        #expect(error?.code == expected)
        #expect(error?.message.contains(code) == true)
        // Another attempt makes a new request, as this one will never be answered.
        self.fake.bend { $0.errors = [:] }
        #expect(try await ChainCheck.holds(try self.issue(try await self.keeper()).chain))
    }

    @Test func throttlingIsTriedAgainAndThenNamed() async throws {
        self.fake.bend { $0.errors["IssueCertificate"] = Array(repeating: "ThrottlingException", count: 50) }
        let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
        #expect(error?.code == .privateCAThrottled)
        #expect(self.count > 1 && self.count < 50)
    }

    @Test func anAuthorityThatIsNotActiveIsNotAsked() async throws {
        self.fake.bend { $0.status = "PENDING_CERTIFICATE" }
        let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
        #expect(error?.code == .privateCAInvalidState)
        #expect(self.count == 0)
    }

    /// What an authority may answer that must never sign anything.
    enum BadAnswer: String, CaseIterable, Sendable {
        case noAuthority, otherKey, otherSigner, brokenText, foreignInChain, twoRoots, noRoot, shortPath, expired
    }

    @Test(arguments: BadAnswer.allCases) func aBadAnswerIsRefused(_ answer: BadAnswer) async throws {
        let stranger = try TestAuthority("stranger")
        let root = self.fake.behaviour.withLock { $0.above[1] }
        let tooShort = try TestAuthority("corporate issuing", by: root) { $0.pathLength = 0 }
        self.fake.bend { behaviour in
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
        let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
        #expect(error?.code == .privateCAAnswerInvalid, "\(String(describing: error))")
        let files = try FileManager.default.contentsOfDirectory(atPath: self.directory.path)
        #expect(!files.contains { $0.hasPrefix("private-ca") }, "nothing is kept, so the next attempt is a new one")
    }

    @Test func theIntermediateIsRenewedAtTwoThirdsOfItsLife() async throws {
        let keeper = try await self.keeper()
        let day = 86_400.0
        #expect(try await !keeper.renewIfDue(now: self.now + 5.9 * day))
        let old = try self.issue(keeper)
        let later = self.now + 6.01 * day
        #expect(try await keeper.renewIfDue(now: later))
        #expect(try keeper.authority.renewIntermediate(now: self.now), "the server's own certificate follows")
        #expect(try !keeper.authority.renewIntermediate(now: self.now))
        let new = try self.issue(keeper, now: later)
        #expect(old.chain[1] != new.chain[1] && old.chain[3] == new.chain[3])
        #expect(try await ChainCheck.holds(old.chain))
        #expect(try await ChainCheck.holds(new.chain, at: later))
        let other = try await self.keeper(now: later, chance: 1)
        #expect(abs(other.nextRenewal.timeIntervalSince(keeper.nextRenewal) - 9 * 0.05 * day) < 60, "5 % of the life")
    }

    @Test func aFailedRenewalLeavesTheOldOneAtWorkAndIsTriedWithinABudget() async throws {
        let keeper = try await self.keeper()
        var now = self.now + 6.1 * 86_400
        self.fake.bend { $0.errors["IssueCertificate"] = Array(repeating: "LimitExceededException", count: 100) }
        let before = self.count
        var attempts = 0
        while now < self.now + 7.1 * 86_400 {
            do throws(AuthorityError) {
                if try await keeper.renewIfDue(now: now) { break }
            } catch {
                #expect(error.code == .privateCALimitExceeded)
                attempts += 1
                #expect(try self.issue(keeper, now: now).notAfter > now)
            }
            now += 10
        }
        #expect(attempts == self.count - before)
        #expect(attempts > 10 && attempts <= 25, "\(attempts) attempts in a day")
        #expect(keeper.authority.fault == nil)
        #expect(throws: AuthorityError.self) { try keeper.authority.renewIntermediate(now: now) }
        #expect(keeper.authority.fault?.code == .privateCALimitExceeded)
        self.fake.bend { $0.errors = [:] }
        #expect(try await keeper.renewIfDue(now: now + 86_400))
        #expect(try keeper.authority.renewIntermediate(now: now))
        #expect(keeper.authority.fault == nil)
    }

    @Test func aClockThatWasAheadForAWhileLeavesAnAuthorityThatSigns() async throws {
        let keeper = try await self.keeper()
        #expect(try await keeper.renewIfDue(now: self.now + 20 * 86_400))
        let error = #expect(throws: AuthorityError.self) { try self.issue(keeper) }
        #expect(error?.code == .authorityExpired)
        #expect(try await keeper.renewIfDue(now: self.now))
        #expect(try await ChainCheck.holds(try self.issue(keeper).chain))
    }

    @Test func manyAtOnceMakeOneAttempt() async throws {
        let keeper = try await self.keeper()
        let before = self.count
        let later = self.now + 6.1 * 86_400
        let renewed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try await keeper.renewIfDue(now: later) } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(renewed == 1 && self.count == before + 1)
    }

    @Test func theLifetimeIsCutToWhatTheAuthorityAllows() async throws {
        self.fake.bend { $0.isShortLived = true }
        let short = try await self.keeper()
        #expect(abs(short.authority.intermediateExpiry.timeIntervalSince(self.now) - 7 * 86_400) < 2)
        let directory = try TemporaryDirectory()
        self.fake.bend { $0.isShortLived = false }
        let long = try await self.keeper(try StateDirectory(path: directory.path)) {
            $0.intermediateLifetime = .seconds(365 * 86_400)
        }
        let end = self.fake.behaviour.withLock { $0.signer.certificate.notValidAfter }
        #expect(abs(end.timeIntervalSince(long.authority.intermediateExpiry) - 60) <= 2)
    }

    @Test func anotherRootIsTakenOnlyBesideTheOldOne() async throws {
        let keeper = try await self.keeper()
        let old = keeper.authority.trustBundle
        let other = try TestAuthority("other root")
        self.fake.bend {
            $0.signer = other
            $0.above = [other]
        }
        let later = self.now + 6.1 * 86_400
        let error = await #expect(throws: AuthorityError.self) { try await keeper.renewIfDue(now: later) }
        #expect(error?.code == .rootChangeRefused)
        #expect(keeper.authority.trustBundle == old)
        // The owner names both; the bundle holds both, whoever signs.
        let text = try other.pem + old
        let moved = try await self.keeper { $0.additionalRoots = text }
        #expect(try ChainCheck.certificates(moved.authority.trustBundle).count == 2)
        #expect(try await moved.renewIfDue(now: later))
        let issued = try self.issue(moved, now: later)
        #expect(try await ChainCheck.holds(issued.chain, trusting: try other.pem, at: later))
        #expect(try ChainCheck.certificates(moved.authority.trustBundle).count == 2)
    }

    @Test func aFileThatWasTamperedWithStopsTheStart() async throws {
        _ = try await self.keeper()
        let content = try #require(try self.state.read("private-ca.json"))
        var record = try #require(JSONSerialization.jsonObject(with: Data(content)) as? [String: Any])
        record["key"] = P256.Signing.PrivateKey().pemRepresentation
        let changed = Array(try JSONSerialization.data(withJSONObject: record))
        for bytes in [changed, Array("{".utf8)] {
            try self.state.write("private-ca.json", bytes)
            let error = await #expect(throws: AuthorityError.self) { try await self.keeper() }
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
