import CertificateAuthority
import Foundation
import MeshModel
import SwiftASN1
import Testing
import X509

@Suite struct RootRotationTests {
    private let directory: TemporaryDirectory
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let day = 86_400.0

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    private func authority(_ directory: TemporaryDirectory? = nil, now: Date) throws -> SigningAuthority {
        try SigningAuthority(
            state: try StateDirectory(path: (directory ?? self.directory).path),
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: now
        )
    }

    private func issue(_ authority: SigningAuthority, now: Date, seconds: Int = 0) throws -> IssuedCertificate {
        try authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: .seconds(seconds),
            now: now
        )
    }

    /// The lock of a state directory lives as long as its owner, so a restart inside one process works on a copy.
    private func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for file in try FileManager.default.contentsOfDirectory(atPath: self.directory.path) where file != "lock" {
            try FileManager.default.copyItem(
                atPath: "\(self.directory.path)/\(file)",
                toPath: "\(copy.path)/\(file)"
            )
        }
        return copy
    }

    private func refused(_ authority: SigningAuthority, _ step: RotationStatus.Step, at now: Date) {
        let error = #expect(throws: AuthorityError.self) { try authority.rotate(step, now: now) }
        #expect(error?.code == .rotationRefused)
    }

    /// Everybody who may be connected to somebody else at a moment, from the first step to the last.
    @Test func atEveryMomentEveryoneTrustsEveryone() async throws {
        let authority = try self.authority(now: self.start)
        var inUse: [IssuedCertificate] = []
        var servers: [ServingCertificate] = []
        var now = self.start
        func hour() async throws {
            now += 6 * 3600
            inUse.removeAll { $0.notAfter <= now }
            inUse.append(try self.issue(authority, now: now))
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
                self.refused(authority, step, at: now)
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
        let authority = try self.authority(now: self.start)
        let before = try self.issue(authority, now: self.start)
        let old = authority.trustBundle
        let oldRoot = try #require(authority.rotation?.root)
        #expect(authority.rotation?.next == .begin)
        #expect(authority.rotation?.earliestNext == nil)

        var status = try authority.rotate(.begin, now: self.start)
        #expect(status.phase == .distributing && status.next == .advance && status.root == oldRoot)
        #expect(status.since == self.start)
        #expect(status.earliestNext == before.notAfter)
        #expect(authority.trustBundle.hasPrefix(old))
        var issued = try self.issue(authority, now: self.start)
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 2))
        #expect(issued.chain[1] == before.chain[1], "the old root still signs")
        #expect(issued.chain.last == authority.trustBundle)
        #expect(try authority.renewIntermediate(now: self.start), "the server's own trust must follow")

        let later = self.start + self.day
        status = try authority.rotate(.advance, now: later)
        #expect(status.phase == .signing && status.next == .finish)
        #expect(status.earliestNext == issued.notAfter)
        issued = try self.issue(authority, now: later)
        #expect(issued.chain[1] != before.chain[1])
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 2))

        let last = later + self.day
        status = try authority.rotate(.finish, now: last)
        #expect(status.phase == .steady && status.root != oldRoot && status.newRoot == nil)
        issued = try self.issue(authority, now: last)
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 1))
        #expect(!authority.trustBundle.contains(old))
    }

    @Test func aStepOutOfOrderIsRefusedEvenByForce() throws {
        let authority = try self.authority(now: self.start)
        for step in [RotationStatus.Step.advance, .finish] {
            let error = #expect(throws: AuthorityError.self) {
                try authority.rotate(step, force: true, now: self.start)
            }
            #expect(error?.code == .rotationRefused)
        }
        try authority.rotate(.begin, now: self.start)
        self.refused(authority, .begin, at: self.start + 100 * self.day)
        self.refused(authority, .finish, at: self.start + 100 * self.day)
    }

    @Test func theWaitIsForTheLongestLifeGivenOut() throws {
        let authority = try self.authority(now: self.start)
        _ = try self.issue(authority, now: self.start, seconds: 7200)
        _ = try self.issue(authority, now: self.start, seconds: 60)
        try authority.rotate(.begin, now: self.start)
        self.refused(authority, .advance, at: self.start + 7199)
        try authority.rotate(.advance, now: self.start + 7200)
        #expect(authority.rotation?.phase == .signing)
    }

    @Test func forceTakesAStepThatIsTooEarly() throws {
        let authority = try self.authority(now: self.start)
        _ = try self.issue(authority, now: self.start)
        try authority.rotate(.begin, now: self.start)
        self.refused(authority, .advance, at: self.start)
        try authority.rotate(.advance, force: true, now: self.start)
        try authority.rotate(.finish, force: true, now: self.start)
        #expect(authority.rotation?.phase == .steady)
    }

    @Test func nobodyWaitsWhereNothingWasGivenOut() throws {
        let authority = try self.authority(now: self.start)
        for step in RotationStatus.Step.allCases { try authority.rotate(step, now: self.start) }
        #expect(authority.rotation?.phase == .steady)
    }

    @Test func aRestartFindsTheSamePhaseAndWaitsAsLong() throws {
        let first = try self.authority(now: self.start)
        let issued = try self.issue(first, now: self.start)
        try first.rotate(.begin, now: self.start)
        let second = try self.authority(try self.copy(), now: self.start + 60)
        #expect(second.rotation == first.rotation)
        #expect(second.trustBundle == first.trustBundle)
        self.refused(second, .advance, at: issued.notAfter - 1)
        try first.rotate(.advance, now: issued.notAfter)
        let third = try self.authority(try self.copy(), now: issued.notAfter)
        #expect(third.rotation == first.rotation)
        #expect(
            try self.issue(third, now: issued.notAfter).chain[1] == self.issue(first, now: issued.notAfter).chain[1]
        )
        try first.rotate(.finish, force: true, now: issued.notAfter)
        let last = try self.authority(try self.copy(), now: issued.notAfter)
        #expect(last.trustBundle == first.trustBundle)
        #expect(last.rotation == first.rotation)
    }

    @Test func aRestartBeforeTheRotationForgetsNoCertificate() throws {
        let first = try self.authority(now: self.start)
        let issued = try self.issue(first, now: self.start)
        let whole = try self.copy()
        let second = try self.authority(whole, now: self.start + 60)
        try second.rotate(.begin, now: self.start + 60)
        self.refused(second, .advance, at: issued.notAfter - 1)
        // Without the file, as after a disk that was full, the default lifetime is assumed.
        let copy = try self.copy()
        try FileManager.default.removeItem(atPath: "\(copy.path)/issued-until")
        let third = try self.authority(copy, now: self.start + 60)
        try third.rotate(.begin, now: self.start + 60)
        self.refused(third, .advance, at: self.start + 60 + self.day - 1)
        withExtendedLifetime(whole) {}
    }

    @Test func aCrashInBeginLeavesNoRotation() throws {
        let authority = try self.authority(now: self.start)
        let bundle = authority.trustBundle
        try authority.rotate(.begin, now: self.start)
        let copy = try self.copy()
        try FileManager.default.removeItem(atPath: "\(copy.path)/rotation.json")
        let restarted = try self.authority(copy, now: self.start)
        #expect(restarted.rotation?.phase == .steady)
        #expect(restarted.trustBundle == bundle)
        let files = try FileManager.default.contentsOfDirectory(atPath: copy.path)
        #expect(!files.contains("next-root.pem") && !files.contains("next-intermediate.pem"))
    }

    /// The states of the files between the writes of `finish`, in their order.
    @Test(arguments: 0...3) func aCrashInFinishIsCompletedByTheNextStart(_ writes: Int) throws {
        let authority = try self.authority(now: self.start)
        try authority.rotate(.begin, now: self.start)
        try authority.rotate(.advance, now: self.start)
        let copy = try self.copy()
        let path = copy.path
        try Data(#"{"phase":"finishing","since":1800000000,"earliestNext":1800000000}"#.utf8)
            .write(to: URL(filePath: "\(path)/rotation.json"))
        for (name, next) in [("root.pem", "next-root.pem"), ("intermediate.pem", "next-intermediate.pem")].prefix(
            writes
        ) {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
            try FileManager.default.copyItem(atPath: "\(path)/\(next)", toPath: "\(path)/\(name)")
        }
        if writes == 3 { try FileManager.default.removeItem(atPath: "\(path)/rotation.json") }
        let restarted = try self.authority(copy, now: self.start)
        try authority.rotate(.finish, now: self.start)
        #expect(restarted.trustBundle == authority.trustBundle)
        #expect(restarted.rotation == authority.rotation)
        #expect(try !FileManager.default.contentsOfDirectory(atPath: path).contains("rotation.json"))
    }

    @Test func aRotationWithoutItsNewRootStopsTheStart() throws {
        let authority = try self.authority(now: self.start)
        try authority.rotate(.begin, now: self.start)
        let copy = try self.copy()
        try FileManager.default.removeItem(atPath: "\(copy.path)/next-intermediate.pem")
        let error = #expect(throws: AuthorityError.self) { try self.authority(copy, now: self.start) }
        #expect(error?.code == .stateCorrupt)
    }

    @Test func aRotationMayBeGivenUpUntilTheNewRootSigns() throws {
        let authority = try self.authority(now: self.start)
        let bundle = authority.trustBundle
        try authority.rotate(.begin, now: self.start)
        #expect(try authority.cancelRotation(now: self.start).phase == .steady)
        #expect(authority.trustBundle == bundle)
        try authority.rotate(.begin, now: self.start)
        try authority.rotate(.advance, now: self.start)
        let error = #expect(throws: AuthorityError.self) { try authority.cancelRotation(now: self.start) }
        #expect(error?.code == .rotationRefused)
    }

    @Test func bothIntermediatesAreRenewedWhileARotationWaits() async throws {
        let authority = try self.authority(now: self.start)
        try authority.rotate(.begin, now: self.start)
        try authority.rotate(.advance, now: self.start)
        let first = try self.issue(authority, now: self.start)
        let later = self.start + 200 * self.day
        #expect(try authority.renewIntermediate(now: later))
        let second = try self.issue(authority, now: later)
        #expect(first.chain[1] != second.chain[1])
        #expect(try await ChainCheck.holds(second.chain, at: later))
        let restarted = try self.authority(try self.copy(), now: later)
        #expect(try self.issue(restarted, now: later).chain[1] == second.chain[1])
    }

    @Test func certificatesMadeWhileAStepIsTakenAreAllWaitedFor() async throws {
        let authority = try self.authority(now: self.start)
        let start = self.start
        let issued = try await withThrowingTaskGroup(of: [IssuedCertificate].self) { group in
            for worker in 0..<4 {
                group.addTask {
                    try (1...25).map { number in
                        try self.issue(authority, now: start, seconds: 1000 + worker * 100 + number)
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
}
