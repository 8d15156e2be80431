import CertificateAuthority
import Foundation
import SwiftASN1
import Testing
import X509

@Suite struct RootRotationTests {
    private let mesh: TestRotation

    init() throws {
        self.mesh = try TestRotation()
    }

    /// Everybody who may be connected to somebody else at a moment, from the first step to the last.
    @Test func atEveryMomentEveryoneTrustsEveryone() async throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        var inUse: [IssuedCertificate] = []
        var servers: [ServingCertificate] = []
        var now = self.mesh.start
        func hour() async throws {
            now += 6 * 3600
            inUse.removeAll { $0.notAfter <= now }
            inUse.append(try self.mesh.issue(authority, now: now))
            servers = [try authority.makeServingCertificate(names: [.dns("tulled.example")], now: now)]
            for client in inUse {
                for server in inUse {
                    let bundle = try #require(server.chain.last)
                    #expect(try await ChainCheck.holds(client.chain, trusting: bundle, at: now))
                }
                let server = try ChainCheck.certificates(servers[0].chain).map { try $0.serializeAsPEM().pemString }
                let bundle = try #require(client.chain.last)
                #expect(try await ChainCheck.holds(server + [bundle], uri: nil, at: now))
            }
        }
        for _ in 0..<5 { try await hour() }
        for step in RotationStatus.Step.allCases {
            while let earliest = authority.rotation?.earliestNext, now < earliest {
                self.mesh.refused(authority, step, at: now)
                try await hour()
            }
            try authority.rotate(step, now: now)
            for _ in 0..<3 { try await hour() }
        }
        for _ in 0..<5 { try await hour() }
        #expect(authority.rotation?.phase == .steady)
        #expect(try ChainCheck.certificates(authority.trustBundle).count == 1)
    }

    @Test func bundleAndSignerFollowEachStepAtOnce() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        let before = try self.mesh.issue(authority, now: self.mesh.start)
        let old = authority.trustBundle
        let oldRoot = try #require(authority.rotation?.root)
        #expect(authority.rotation?.next == .begin)
        #expect(authority.rotation?.earliestNext == nil)

        var status = try authority.rotate(.begin, now: self.mesh.start)
        #expect(status.phase == .distributing && status.next == .advance && status.root == oldRoot)
        #expect(status.since == self.mesh.start)
        #expect(status.earliestNext == before.notAfter)
        #expect(authority.trustBundle.hasPrefix(old))
        var issued = try self.mesh.issue(authority, now: self.mesh.start)
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 2))
        #expect(issued.chain[1] == before.chain[1], "the old root still signs")
        #expect(issued.chain.last == authority.trustBundle)
        #expect(try authority.renewIntermediate(now: self.mesh.start), "the server's own trust must follow")

        let later = self.mesh.start + self.mesh.day
        status = try authority.rotate(.advance, now: later)
        #expect(status.phase == .signing && status.next == .finish)
        #expect(status.earliestNext == issued.notAfter)
        issued = try self.mesh.issue(authority, now: later)
        #expect(issued.chain[1] != before.chain[1])
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 2))

        let last = later + self.mesh.day
        status = try authority.rotate(.finish, now: last)
        #expect(status.phase == .steady && status.root != oldRoot && status.newRoot == nil)
        issued = try self.mesh.issue(authority, now: last)
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 1))
        #expect(!authority.trustBundle.contains(old))
    }

    @Test func aStepOutOfOrderIsRefusedEvenByForce() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        for step in [RotationStatus.Step.advance, .finish] {
            let error = #expect(throws: AuthorityError.self) {
                try authority.rotate(step, force: true, now: self.mesh.start)
            }
            #expect(error?.code == .rotationRefused)
        }
        try authority.rotate(.begin, now: self.mesh.start)
        self.mesh.refused(authority, .begin, at: self.mesh.start + 100 * self.mesh.day)
        self.mesh.refused(authority, .finish, at: self.mesh.start + 100 * self.mesh.day)
    }

    @Test func theWaitIsForTheLongestLifeGivenOut() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        _ = try self.mesh.issue(authority, now: self.mesh.start, seconds: 7200)
        _ = try self.mesh.issue(authority, now: self.mesh.start, seconds: 60)
        try authority.rotate(.begin, now: self.mesh.start)
        self.mesh.refused(authority, .advance, at: self.mesh.start + 7199)
        try authority.rotate(.advance, now: self.mesh.start + 7200)
        #expect(authority.rotation?.phase == .signing)
    }

    @Test func forceTakesAStepThatIsTooEarly() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        _ = try self.mesh.issue(authority, now: self.mesh.start)
        try authority.rotate(.begin, now: self.mesh.start)
        self.mesh.refused(authority, .advance, at: self.mesh.start)
        try authority.rotate(.advance, force: true, now: self.mesh.start)
        try authority.rotate(.finish, force: true, now: self.mesh.start)
        #expect(authority.rotation?.phase == .steady)
    }

    @Test func nobodyWaitsWhereNothingWasGivenOut() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        for step in RotationStatus.Step.allCases { try authority.rotate(step, now: self.mesh.start) }
        #expect(authority.rotation?.phase == .steady)
    }

    @Test func aRotationMayBeGivenUpUntilTheNewRootSigns() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        let bundle = authority.trustBundle
        try authority.rotate(.begin, now: self.mesh.start)
        #expect(try authority.cancelRotation(now: self.mesh.start).phase == .steady)
        #expect(authority.trustBundle == bundle)
        try authority.rotate(.begin, now: self.mesh.start)
        try authority.rotate(.advance, now: self.mesh.start)
        let error = #expect(throws: AuthorityError.self) { try authority.cancelRotation(now: self.mesh.start) }
        #expect(error?.code == .rotationRefused)
    }

    @Test func bothIntermediatesAreRenewedWhileARotationWaits() async throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        try authority.rotate(.begin, now: self.mesh.start)
        try authority.rotate(.advance, now: self.mesh.start)
        let first = try self.mesh.issue(authority, now: self.mesh.start)
        let later = self.mesh.start + 200 * self.mesh.day
        #expect(try authority.renewIntermediate(now: later))
        let second = try self.mesh.issue(authority, now: later)
        #expect(first.chain[1] != second.chain[1])
        #expect(try await ChainCheck.holds(second.chain, at: later))
        let restarted = try self.mesh.authority(try self.mesh.copy(), now: later)
        #expect(try self.mesh.issue(restarted, now: later).chain[1] == second.chain[1])
    }

    @Test func certificatesMadeWhileAStepIsTakenAreAllWaitedFor() async throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        let start = self.mesh.start
        let issued = try await withThrowingTaskGroup(of: [IssuedCertificate].self) { group in
            for worker in 0..<4 {
                group.addTask {
                    try (1...25).map { number in
                        try self.mesh.issue(authority, now: start, seconds: 1000 + worker * 100 + number)
                    }
                }
            }
            group.addTask {
                try authority.rotate(.begin, now: start)
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let old = issued.filter { (try? ChainCheck.certificates($0.chain.last ?? "").count) == 1 }
        let earliest = try #require(authority.rotation?.earliestNext)
        for certificate in old { #expect(certificate.notAfter <= earliest) }
        #expect(issued.count == 100)
    }

    /// Both roots have one subject, so a peer has to tell them apart by their keys.
    @Test(.enabled(if: OpenSSL.isInstalled)) func opensslTellsTheRootsApart() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        let old = try self.mesh.issue(authority, now: self.mesh.start)
        try authority.rotate(.begin, now: self.mesh.start)
        let both = authority.trustBundle
        try authority.rotate(.advance, force: true, now: self.mesh.start)
        let new = try self.mesh.issue(authority, now: self.mesh.start)
        try authority.rotate(.finish, force: true, now: self.mesh.start)
        for chain in [old.chain, new.chain] {
            #expect(try OpenSSL.accepts(chain, trusting: both, at: self.mesh.start))
            let turned = try ChainCheck.certificates(both).reversed().map { try $0.serializeAsPEM().pemString + "\n" }
            #expect(try OpenSSL.accepts(chain, trusting: turned.joined(), at: self.mesh.start))
        }
        #expect(try OpenSSL.accepts(new.chain, trusting: authority.trustBundle, at: self.mesh.start))
        #expect(try !OpenSSL.accepts(old.chain, trusting: authority.trustBundle, at: self.mesh.start))
    }
}
