import CertificateAuthority
import Foundation
import Synchronization
import Testing

/// Two replicas, each with a memory of its own, and one that they share.
@Suite struct SharedReplayTests {
    /// What replicas share, in memory; it may be out of reach.
    private final class Memory: AttestationMemory {
        let seen = Mutex<Set<String>>([])
        let isAway = Mutex(false)

        func note(accessKey: String, signature: String, now: Date) async -> AttestationUse {
            guard !self.isAway.withLock({ $0 }) else { return .unknown("no answer") }
            return self.seen.withLock { $0.insert("\(accessKey) \(signature)").inserted ? .first : .again }
        }
    }

    private let memory = Memory()
    private let aws = FakeAWS()
    private let attestation = TestAttestation()

    private func replica(shares: Bool = true) throws -> ECSAttestor {
        ECSAttestor(
            policy: try TestMesh.policy(),
            verifier: self.aws,
            tasks: self.aws,
            shared: shares ? self.memory : nil
        )
    }

    private func code(_ replica: ECSAttestor) async throws -> IssuanceRefusal.Code? {
        let token = try AttestationToken(authorization: [try self.attestation.authorization()])
        do {
            _ = try await replica.attest(token, keyDigest: self.attestation.keyDigest, now: Date())
            return nil
        } catch {
            return error.code
        }
    }

    @Test func anAttestationIsUsedAtOneReplicaOnly() async throws {
        #expect(try await self.code(try self.replica()) == nil)
        #expect(try await self.code(try self.replica()) == .attestationReplayed)
        // So it would be without what they share.
        #expect(try await self.code(try self.replica(shares: false)) == nil)
    }

    @Test func ofManyReplicasAtOnceOneLetsItIn() async throws {
        let codes = try await withThrowingTaskGroup(of: IssuanceRefusal.Code?.self) { group in
            for _ in 0..<32 {
                let replica = try self.replica()
                group.addTask { try await self.code(replica) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 1)
        #expect(codes.filter { $0 == .attestationReplayed }.count == 31)
    }

    @Test func whoCannotTellLetsNobodyInAndForgetsTheAttempt() async throws {
        let replica = try self.replica()
        self.memory.isAway.withLock { $0 = true }
        #expect(try await self.code(replica) == .authorityUnavailable)
        self.memory.isAway.withLock { $0 = false }
        #expect(try await self.code(replica) == nil)
    }

    @Test func whoIsNotLetInLeavesNothing() async throws {
        self.aws.answers.withLock { $0.task = .missing }
        #expect(try await self.code(try self.replica()) == .taskNotFound)
        #expect(self.memory.seen.withLock { $0.isEmpty })
    }
}
