import DataPlaneTestSupport
import Foundation
import MeshIdentity
import MeshModel
import MeshTelemetry
import Synchronization
import Testing
import TunnelEngine

@testable import DataPlane

/// The keeper with certificates in files, which it fetches as it does others.
@Suite("Certificate keeper", .serialized)
struct CertificateKeeperTests {
    private let loop: TestLoop
    private let authority: TestAuthority
    private let log = TestLog()
    private let issued = Issued()

    private final class Issued: Sendable {
        private let kept = Mutex<[(key: String, hasNewRoots: Bool)]>([])
        var all: [(key: String, hasNewRoots: Bool)] { self.kept.withLock { $0 } }
        func note(_ key: String, _ hasNewRoots: Bool) { self.kept.withLock { $0.append((key, hasNewRoots)) } }
        func count(_ key: String) -> Int { self.all.filter { $0.key == key }.count }
    }

    private struct Keeping: @unchecked Sendable {
        let keeper: CertificateKeeper
    }

    /// A certificate in files.
    private struct Files {
        let certificate: TestFile
        let key: TestFile
        let roots: TestFile

        init() throws {
            certificate = try TestFile()
            key = try TestFile()
            roots = try TestFile()
        }

        func write(_ text: (certificate: String, key: String, roots: String)) throws {
            try certificate.write(text.certificate)
            try key.write(text.key)
            try roots.write(text.roots)
        }

        var source: CredentialSource {
            .files(IdentityFiles(certificates: certificate.path, key: key.path, roots: roots.path))
        }
    }

    init() throws {
        loop = try TestLoop()
        authority = try TestAuthority()
    }

    private func make(_ limits: CertificateKeeperLimits = CertificateKeeperLimits()) throws -> Keeping {
        let context = ControlContext(program: "test", log: log.log, registry: MetricsRegistry())
        let (loop, issued) = (self.loop.loop, self.issued)
        return try self.loop.sync {
            Keeping(
                keeper: CertificateKeeper(
                    loop: loop,
                    context: context,
                    server: nil,
                    settings: CertificateKeeper.Settings(lifetime: 86_400, sharesAddress: false),
                    limits: limits
                ) { subject, isNew in issued.note(subject.key, isNew) }
            )
        }
    }

    private func served(_ key: String, _ name: String) throws -> TestSubject { try TestSubject(name, key: key) }

    private func lines(_ text: String) -> Int { log.lines.filter { $0.contains(text) }.count }

    @Test("two workloads of one identity and one source share a certificate; it is forgotten with the last")
    func sharing() throws {
        let keeping = try make()
        let files = try Files()
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 9))
        let (one, two) = (try served("one", "echo"), try served("two", "echo"))
        try loop.sync {
            keeping.keeper.keep(one, by: files.source)
            keeping.keeper.keep(two, by: files.source)
        }
        #expect(eventually { one.identities.latest != nil && two.identities.latest != nil })
        #expect(one.identities.latest?.svid.serial == "9")
        #expect(lines("certificate issued") == 1)
        #expect(try loop.sync { keeping.keeper.count } == 1)
        try loop.sync { keeping.keeper.forget("one") }
        #expect(try loop.sync { keeping.keeper.count } == 1)
        // Whoever comes later gets what is held, at once.
        let three = try served("three", "echo")
        try loop.sync { keeping.keeper.keep(three, by: files.source) }
        #expect(three.identities.latest?.svid.serial == "9")
        #expect(lines("certificate issued") == 1)
        try loop.sync {
            keeping.keeper.forget("two")
            keeping.keeper.forget("three")
        }
        #expect(try loop.sync { keeping.keeper.count } == 0)
    }

    @Test("the same identity by another source is another certificate")
    func separateSources() throws {
        let keeping = try make()
        let (first, second) = (try Files(), try Files())
        try first.write(try authority.files(TestMesh.identity("echo"), serial: 9))
        let (one, two) = (try served("one", "echo"), try served("two", "echo"))
        try loop.sync {
            keeping.keeper.keep(one, by: first.source)
            keeping.keeper.keep(two, by: second.source)
        }
        #expect(eventually { one.identities.latest != nil && lines("certificate not issued") == 1 })
        #expect(two.identities.latest == nil)
        #expect(try loop.sync { keeping.keeper.count } == 2)
    }

    @Test("a certificate of another identity is refused, and tried again with a pause")
    func wrongIdentity() throws {
        let keeping = try make()
        let files = try Files()
        try files.write(try authority.files(TestMesh.identity("shell"), serial: 9))
        let one = try served("one", "echo")
        try loop.sync { keeping.keeper.keep(one, by: files.source) }
        #expect(eventually { lines("issued_identity_mismatch") == 1 })
        #expect(one.identities.latest == nil)
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 10))
        #expect(eventually { one.identities.latest?.svid.serial == "10" })
    }

    @Test("what was forgotten gets nothing any more, also not from what is under way")
    func forgetting() throws {
        let keeping = try make()
        let files = try Files()
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 9))
        let one = try served("one", "echo")
        try loop.sync {
            // The fetch has ended by now, and its outcome waits for the loop's next turn.
            keeping.keeper.keep(one, by: files.source)
            keeping.keeper.forget("one")
        }
        usleep(200_000)
        #expect(one.identities.latest == nil)
        #expect(issued.count("one") == 0)
        #expect(try loop.sync { keeping.keeper.count } == 0)
    }

    @Test("fifty workloads get their certificates, renewals come by themselves, and new roots are told")
    func many() throws {
        let keeping = try make()
        var kept: [(workload: TestSubject, files: Files)] = []
        for number in 0..<50 {
            let files = try Files()
            // Half of its life is over by the schedule's reckoning: the next try comes after a quarter of the rest.
            try files.write(try authority.files(TestMesh.identity("echo\(number)"), serial: 5, seconds: 6))
            kept.append((try served("\(number)", "echo\(number)"), files))
        }
        let all = kept
        try loop.sync { for one in all { keeping.keeper.keep(one.workload, by: one.files.source) } }
        #expect(eventually { kept.allSatisfy { $0.workload.identities.latest?.svid.serial == "5" } })
        #expect(issued.all.allSatisfy { !$0.hasNewRoots })
        let stranger = try TestAuthority()
        for (number, one) in kept.enumerated() {
            try one.files.write(try stranger.files(TestMesh.identity("echo\(number)"), serial: 6))
        }
        #expect(eventually { kept.allSatisfy { $0.workload.identities.latest?.svid.serial == "6" } })
        #expect(issued.all.filter(\.hasNewRoots).count == 50)
    }

    @Test("a certificate that somebody renewed in its files is taken within three seconds")
    func renewedFiles() throws {
        let keeping = try make()
        let files = try Files()
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 9))
        let one = try served("one", "echo")
        try loop.sync { keeping.keeper.keep(one, by: files.source) }
        #expect(eventually { one.identities.latest?.svid.serial == "9" })
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 10))
        let began = ContinuousClock.now
        #expect(eventually { one.identities.latest?.svid.serial == "10" })
        #expect(ContinuousClock.now - began < .seconds(3))
    }

    @Test("a connection that finds no certificate doesn't make the authority be asked without a pause")
    func urging() throws {
        let keeping = try make()
        let files = try Files()
        let one = try served("one", "echo")
        try loop.sync { keeping.keeper.keep(one, by: files.source) }
        #expect(eventually { lines("certificate not issued") == 1 })
        for _ in 0..<100 { #expect(throws: IdentityError.self) { try one.identities.snapshot(now: one.now) } }
        usleep(300_000)
        #expect(lines("certificate not issued") == 1)
        #expect(eventually { lines("certificate not issued") == 2 })
    }

    @Test("an authority that is missing leaves the certificate in use until it ends, and then it is urgent")
    func retention() throws {
        let keeping = try make()
        let files = try Files()
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 9, seconds: 3))
        let one = try served("one", "echo")
        try loop.sync { keeping.keeper.keep(one, by: files.source) }
        #expect(eventually { one.identities.latest != nil })
        try files.certificate.remove()
        let end = try #require(one.identities.latest?.svid.notAfter)
        #expect(eventually { lines("certificate not issued") > 0 })
        #expect(throws: Never.self) { try one.identities.snapshot(now: end - 1) }
        #expect(eventually { one.isExpired })
        #expect(throws: IdentityError.self) { try one.identities.snapshot(now: one.now) }
        try files.write(try authority.files(TestMesh.identity("echo"), serial: 10))
        #expect(eventually { !one.isExpired })
    }
}
