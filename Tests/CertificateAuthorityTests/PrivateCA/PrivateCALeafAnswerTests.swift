import AWSClient
import AWSTestSupport
import CertificateAuthority
import Foundation
import Synchronization
import Testing
import X509

/// What AWS may answer in time, late, or never.
extension PrivateCALeafTests {
    @Test func aLeafThatIsNotReadyIsLookedForWithPauses() async throws {
        let pauses = CountedPauses()
        let issuer = try await self.issuer(sleep: pauses.sleep)
        self.fake.bend { $0.looks = 3 }
        #expect(try await ChainCheck.holds(try await self.issue(issuer).chain))
        let made = pauses.pauses.withLock { $0 }
        #expect(made.count == 3)
        #expect(zip(made, made.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func aLeafThatIsNeverReadyMeansComeAgainForTheSameOne() async throws {
        let pauses = CountedPauses()
        let issuer = try await self.issuer(sleep: pauses.sleep)
        self.fake.bend { $0.looks = .max }
        let pem = try TestRequest.pem()
        let refusal = await #expect(throws: IssuanceRefusal.self) { try await self.issue(issuer, pem) }
        #expect(refusal?.code == .authorityUnavailable && refusal?.answer == .unavailable)
        #expect(pauses.total <= .seconds(60) && pauses.total > .seconds(59))
        self.fake.bend { $0.looks = 0 }
        #expect(try await ChainCheck.holds(try await self.issue(issuer, pem).chain))
        let asked = self.transport.requests.filter { $0.action == "IssueCertificate" }
        #expect(asked.count == 2 && Set(asked.map { $0.body["IdempotencyToken"] }).count == 1)
    }

    @Test(arguments: [
        ("IssueCertificate", "LimitExceededException", AuthorityError.Code.privateCALimitExceeded),
        ("IssueCertificate", "InvalidStateException", .privateCAInvalidState),
        ("IssueCertificate", "MalformedCSRException", .privateCARequestInvalid),
        ("IssueCertificate", "InvalidArgsException", .privateCARequestInvalid),
        ("IssueCertificate", "AccessDeniedException", .privateCADenied),
        ("GetCertificate", "RequestFailedException", .privateCARequestFailed),
        ("GetCertificate", "ResourceNotFoundException", .privateCANotFound),
    ])
    func errorsHaveClearCodes(_ action: String, _ code: String, _ expected: AuthorityError.Code) async throws {
        let issuer = try await self.issuer()
        self.fake.bend { $0.errors[action] = Array(repeating: code, count: 9) }
        let error = await #expect(throws: AuthorityError.self) { try await self.issue(issuer) }
        #expect(error?.code == expected)
        #expect(error?.message.contains(code) == true)
        self.fake.bend { $0.errors = [:] }
        #expect(try await ChainCheck.holds(try await self.issue(issuer).chain), "nobody else is concerned")
    }

    @Test func anAuthorityThatIsNotActiveStopsTheStart() async throws {
        self.fake.bend { $0.status = "DISABLED" }
        let error = await #expect(throws: AuthorityError.self) { try await self.issuer() }
        #expect(error?.code == .privateCAInvalidState)
        #expect(!self.transport.requests.contains { $0.action == "IssueCertificate" })
    }

    /// An authority that may sign no authorities (a path length of 0) may sign leaves; one that its own authority forbids to
    /// be there at all may sign nothing that a peer accepts.
    @Test func pathLengthsOfAuthoritiesAreKept() async throws {
        let root = try TestAuthority("corporate root")
        let last = try TestAuthority("last", by: root) { $0.pathLength = 0 }
        self.fake.bend {
            $0.signer = last
            $0.above = [last, root]
        }
        #expect(try await ChainCheck.holds(try await self.issue(try await self.issuer()).chain))
        let below = try TestAuthority("below the last", by: last) { $0.pathLength = 0 }
        self.fake.bend {
            $0.signer = below
            $0.above = [below, last, root]
        }
        let error = await #expect(throws: AuthorityError.self) { try await self.issue(try await self.issuer()) }
        #expect(error?.code == .privateCAAnswerInvalid)
    }

    @Test func aShortLivedAuthorityGivesNoMoreThanItMay() async throws {
        self.fake.bend { $0.isShortLived = true }
        var lifetimes = AuthorityLifetimes()
        lifetimes.workloadMaximum = .seconds(30 * 86_400)
        let issued = try await self.issue(try await self.issuer(lifetimes: lifetimes), seconds: 20 * 86_400)
        #expect(issued.notAfter.timeIntervalSince(self.now) <= 7 * 86_400)
        self.fake.bend { $0.isShortLived = false }
        let longer = try await self.issue(try await self.issuer(lifetimes: lifetimes), seconds: 20 * 86_400)
        #expect(longer.notAfter.timeIntervalSince(self.now) > 19 * 86_400)
    }
}
