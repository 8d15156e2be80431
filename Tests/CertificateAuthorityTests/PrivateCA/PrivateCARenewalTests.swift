import AWSClient
import AWSTestSupport
import CertificateAuthority
import Crypto
import Foundation
import SwiftASN1
import Synchronization
import Testing
import X509

@Suite struct PrivateCARenewalTests {
    private let mesh: TestPrivateCA

    init() throws {
        self.mesh = try TestPrivateCA()
    }

    @Test func theIntermediateIsRenewedAtTwoThirdsOfItsLife() async throws {
        let keeper = try await self.mesh.keeper()
        let day = 86_400.0
        #expect(try await !keeper.renewIfDue(now: self.mesh.now + 5.9 * day))
        let old = try self.mesh.issue(keeper)
        let later = self.mesh.now + 6.01 * day
        #expect(try await keeper.renewIfDue(now: later))
        #expect(try keeper.authority.renewIntermediate(now: self.mesh.now), "the server's own certificate follows")
        #expect(try !keeper.authority.renewIntermediate(now: self.mesh.now))
        let new = try self.mesh.issue(keeper, now: later)
        #expect(old.chain[1] != new.chain[1] && old.chain[3] == new.chain[3])
        #expect(try await ChainCheck.holds(old.chain))
        #expect(try await ChainCheck.holds(new.chain, at: later))
        let other = try await self.mesh.keeper(now: later, chance: 1)
        #expect(abs(other.nextRenewal.timeIntervalSince(keeper.nextRenewal) - 9 * 0.05 * day) < 60, "5 % of the life")
    }

    @Test func aFailedRenewalLeavesTheOldOneAtWorkAndIsTriedWithinABudget() async throws {
        let keeper = try await self.mesh.keeper()
        var now = self.mesh.now + 6.1 * 86_400
        self.mesh.fake.bend { $0.errors["IssueCertificate"] = Array(repeating: "LimitExceededException", count: 100) }
        let before = self.mesh.count
        var attempts = 0
        while now < self.mesh.now + 7.1 * 86_400 {
            do throws(AuthorityError) {
                if try await keeper.renewIfDue(now: now) { break }
            } catch {
                #expect(error.code == .privateCALimitExceeded)
                attempts += 1
                #expect(try self.mesh.issue(keeper, now: now).notAfter > now)
            }
            now += 10
        }
        #expect(attempts == self.mesh.count - before)
        #expect(attempts > 10 && attempts <= 25, "\(attempts) attempts in a day")
        #expect(keeper.authority.fault == nil)
        #expect(throws: AuthorityError.self) { try keeper.authority.renewIntermediate(now: now) }
        #expect(keeper.authority.fault?.code == .privateCALimitExceeded)
        self.mesh.fake.bend { $0.errors = [:] }
        #expect(try await keeper.renewIfDue(now: now + 86_400))
        #expect(try keeper.authority.renewIntermediate(now: now))
        #expect(keeper.authority.fault == nil)
    }

    @Test func aClockThatWasAheadForAWhileLeavesAnAuthorityThatSigns() async throws {
        let keeper = try await self.mesh.keeper()
        #expect(try await keeper.renewIfDue(now: self.mesh.now + 20 * 86_400))
        let error = #expect(throws: AuthorityError.self) { try self.mesh.issue(keeper) }
        #expect(error?.code == .authorityExpired)
        #expect(try await keeper.renewIfDue(now: self.mesh.now))
        #expect(try await ChainCheck.holds(try self.mesh.issue(keeper).chain))
    }

    @Test func manyAtOnceMakeOneAttempt() async throws {
        let keeper = try await self.mesh.keeper()
        let before = self.mesh.count
        let later = self.mesh.now + 6.1 * 86_400
        let renewed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try await keeper.renewIfDue(now: later) } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(renewed == 1 && self.mesh.count == before + 1)
    }

    @Test func theLifetimeIsCutToWhatTheAuthorityAllows() async throws {
        self.mesh.fake.bend { $0.isShortLived = true }
        let short = try await self.mesh.keeper()
        #expect(abs(short.authority.intermediateExpiry.timeIntervalSince(self.mesh.now) - 7 * 86_400) < 2)
        let directory = try TemporaryDirectory()
        self.mesh.fake.bend { $0.isShortLived = false }
        let long = try await self.mesh.keeper(try StateDirectory(path: directory.path)) {
            $0.intermediateLifetime = .seconds(365 * 86_400)
        }
        let end = self.mesh.fake.behaviour.withLock { $0.signer.certificate.notValidAfter }
        #expect(abs(end.timeIntervalSince(long.authority.intermediateExpiry) - 60) <= 2)
    }

    @Test func anotherRootIsTakenOnlyBesideTheOldOne() async throws {
        let keeper = try await self.mesh.keeper()
        let old = keeper.authority.trustBundle
        let other = try TestAuthority("other root")
        self.mesh.fake.bend {
            $0.signer = other
            $0.above = [other]
        }
        let later = self.mesh.now + 6.1 * 86_400
        let error = await #expect(throws: AuthorityError.self) { try await keeper.renewIfDue(now: later) }
        #expect(error?.code == .rootChangeRefused)
        #expect(keeper.authority.trustBundle == old)
        // The owner names both; the bundle holds both, whoever signs.
        let text = try other.pem + old
        let moved = try await self.mesh.keeper { $0.additionalRoots = text }
        #expect(try ChainCheck.certificates(moved.authority.trustBundle).count == 2)
        #expect(try await moved.renewIfDue(now: later))
        let issued = try self.mesh.issue(moved, now: later)
        #expect(try await ChainCheck.holds(issued.chain, trusting: try other.pem, at: later))
        #expect(try ChainCheck.certificates(moved.authority.trustBundle).count == 2)
    }
}
