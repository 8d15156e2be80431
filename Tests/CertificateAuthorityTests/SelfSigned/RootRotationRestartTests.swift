import CertificateAuthority
import Foundation
import Testing

@Suite struct RootRotationRestartTests {
    private let mesh: TestRotation

    init() throws {
        self.mesh = try TestRotation()
    }

    @Test func aRestartFindsTheSamePhaseAndWaitsAsLong() throws {
        let first = try self.mesh.authority(now: self.mesh.start)
        let issued = try self.mesh.issue(first, now: self.mesh.start)
        try first.rotate(.begin, now: self.mesh.start)
        let second = try self.mesh.authority(try self.mesh.copy(), now: self.mesh.start + 60)
        #expect(second.rotation == first.rotation)
        #expect(second.trustBundle == first.trustBundle)
        self.mesh.refused(second, .advance, at: issued.notAfter - 1)
        try first.rotate(.advance, now: issued.notAfter)
        let third = try self.mesh.authority(try self.mesh.copy(), now: issued.notAfter)
        #expect(third.rotation == first.rotation)
        #expect(
            try self.mesh.issue(third, now: issued.notAfter).chain[1]
                == self.mesh.issue(first, now: issued.notAfter).chain[1]
        )
        try first.rotate(.finish, force: true, now: issued.notAfter)
        let last = try self.mesh.authority(try self.mesh.copy(), now: issued.notAfter)
        #expect(last.trustBundle == first.trustBundle)
        #expect(last.rotation == first.rotation)
    }

    @Test func aRestartBeforeTheRotationForgetsNoCertificate() throws {
        let first = try self.mesh.authority(now: self.mesh.start)
        let issued = try self.mesh.issue(first, now: self.mesh.start)
        let whole = try self.mesh.copy()
        let second = try self.mesh.authority(whole, now: self.mesh.start + 60)
        try second.rotate(.begin, now: self.mesh.start + 60)
        self.mesh.refused(second, .advance, at: issued.notAfter - 1)
        // Without the file, as after a disk that was full, the default lifetime is assumed.
        let copy = try self.mesh.copy()
        try FileManager.default.removeItem(atPath: "\(copy.path)/issued-until")
        let third = try self.mesh.authority(copy, now: self.mesh.start + 60)
        try third.rotate(.begin, now: self.mesh.start + 60)
        self.mesh.refused(third, .advance, at: self.mesh.start + 60 + self.mesh.day - 1)
        withExtendedLifetime(whole) {}
    }

    @Test func aCrashInBeginLeavesNoRotation() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        let bundle = authority.trustBundle
        try authority.rotate(.begin, now: self.mesh.start)
        let copy = try self.mesh.copy()
        try FileManager.default.removeItem(atPath: "\(copy.path)/rotation.json")
        let restarted = try self.mesh.authority(copy, now: self.mesh.start)
        #expect(restarted.rotation?.phase == .steady)
        #expect(restarted.trustBundle == bundle)
        let files = try FileManager.default.contentsOfDirectory(atPath: copy.path)
        #expect(!files.contains("next-root.pem") && !files.contains("next-intermediate.pem"))
    }

    /// The states of the files between the writes of `finish`, in their order.
    @Test(arguments: 0...3) func aCrashInFinishIsCompletedByTheNextStart(_ writes: Int) throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        try authority.rotate(.begin, now: self.mesh.start)
        try authority.rotate(.advance, now: self.mesh.start)
        let copy = try self.mesh.copy()
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
        let restarted = try self.mesh.authority(copy, now: self.mesh.start)
        try authority.rotate(.finish, now: self.mesh.start)
        #expect(restarted.trustBundle == authority.trustBundle)
        #expect(restarted.rotation == authority.rotation)
        #expect(try !FileManager.default.contentsOfDirectory(atPath: path).contains("rotation.json"))
    }

    @Test func aRotationWithoutItsNewRootStopsTheStart() throws {
        let authority = try self.mesh.authority(now: self.mesh.start)
        try authority.rotate(.begin, now: self.mesh.start)
        let copy = try self.mesh.copy()
        try FileManager.default.removeItem(atPath: "\(copy.path)/next-intermediate.pem")
        let error = #expect(throws: AuthorityError.self) { try self.mesh.authority(copy, now: self.mesh.start) }
        #expect(error?.code == .stateCorrupt)
    }
}
