import BoringTLS
import DataPlaneTestSupport
import Foundation
import MeshIdentity
import MeshModel
import MeshTelemetry
import Synchronization
import Testing
import TunnelEngine

@testable import DataPlane

@Suite("A machine's way to its certificate", .serialized)
struct JoiningIdentityTests {
    private let authority: TestAuthority
    private let place: TestFile
    private let identity: SPIFFEID
    private let log = TestLog()
    private let now = Int64(Date().timeIntervalSince1970)

    init() throws {
        authority = try TestAuthority()
        place = try TestFile()
        identity = try TestMesh.identity("printer")
    }

    private func proof(keeps: Bool = true) -> JoinProof {
        JoinProof(token: Secret("tulle-join.x.y"), file: keeps ? IdentityFile(place.path) : nil)
    }

    private func process(keeps: Bool = true) -> JoiningIdentity {
        JoiningIdentity(identity, proof(keeps: keeps), log: log.log)
    }

    @Test("all attempts ask for one key, with a file also those of the next process")
    func oneKey() throws {
        let first = process()
        #expect(first.recall(now: now) == nil)
        let key = try #require(first.key?.publicKeyHash)
        #expect(first.recall(now: now) == nil)
        #expect(first.key?.publicKeyHash == key)
        let next = process()
        #expect(next.recall(now: now) == nil)
        #expect(next.key?.publicKeyHash == key)
        let forgetful = process(keeps: false)
        #expect(forgetful.recall(now: now) == nil)
        let other = try #require(forgetful.key?.publicKeyHash)
        #expect(other != key)
        #expect(forgetful.recall(now: now) == nil)
        #expect(forgetful.key?.publicKeyHash == other)
    }

    @Test("the next process goes on with the certificate; once that has ended with its key")
    func recalls() throws {
        let first = process()
        let issued = try authority.issue(identity, serial: 9)
        first.keep(issued)
        #expect(process().recall(now: now)?.svid.serial == "9")
        let late = process()
        #expect(late.recall(now: now + 7_200) == nil)
        #expect(late.key?.publicKeyHash == issued.svid.credentials.key.publicKeyHash)
        // The clock was ahead: nothing was lost.
        #expect(late.recall(now: now)?.svid.serial == "9")
    }

    @Test("what can't be used is told once and left as it is")
    func leavesOthersAlone() throws {
        let foreign = IdentityFile(place.path)
        try foreign.write(try authority.issue(TestMesh.identity("echo"), serial: 3))
        let text = try String(contentsOfFile: place.path, encoding: .utf8)
        let joining = process()
        #expect(joining.recall(now: now) == nil)
        #expect(joining.recall(now: now) == nil)
        #expect(joining.key != nil)
        joining.keep(try authority.issue(identity, serial: 4))
        #expect(try String(contentsOfFile: place.path, encoding: .utf8) == text)
        #expect(log.lines.filter { $0.contains("identity file is not used") }.count == 1)
    }

    @Test("a file that can't be written costs a line, not the certificate")
    func unwritable() throws {
        let proof = JoinProof(token: Secret("t"), file: IdentityFile("/proc/nowhere/identity.json"))
        let joining = JoiningIdentity(identity, proof, log: log.log)
        #expect(joining.recall(now: now) == nil)
        #expect(joining.key != nil)
        #expect(log.lines.contains { $0.contains("identity is not kept") && $0.contains("/proc/nowhere") })
    }

    // MARK: With the keeper

    private struct Keeping: @unchecked Sendable {
        let keeper: CertificateKeeper
    }

    private func keep(_ subject: TestSubject, on thread: TestLoop) throws -> Keeping {
        let context = ControlContext(program: "test", log: log.log, registry: MetricsRegistry())
        let proof = self.proof()
        return try thread.sync {
            let keeper = CertificateKeeper(
                loop: thread.loop,
                context: context,
                server: nil,
                settings: CertificateKeeper.Settings(lifetime: 86_400, sharesAddress: false)
            ) { _, _ in }
            keeper.keep(subject, by: .join(proof))
            return Keeping(keeper: keeper)
        }
    }

    @Test("a keeper installs what the file holds, without asking anybody")
    func restart() throws {
        try IdentityFile(place.path).write(try authority.issue(identity, serial: 9))
        let thread = try TestLoop()
        let subject = try TestSubject("printer")
        let keeping = try keep(subject, on: thread)
        #expect(eventually { subject.identities.latest?.svid.serial == "9" })
        #expect(log.lines.contains { $0.contains("certificate kept from before") })
        #expect(!log.lines.contains { $0.contains("certificate not issued") })
        try thread.sync { keeping.keeper.forget("") }
    }

    @Test("a keeper keeps its key over attempts that fail")
    func retries() throws {
        let thread = try TestLoop()
        let subject = try TestSubject("printer")
        let keeping = try keep(subject, on: thread)
        func failures() -> Int { log.lines.filter { $0.contains("certificate not issued") }.count }
        #expect(eventually { failures() >= 1 })
        let text = try String(contentsOfFile: place.path, encoding: .utf8)
        #expect(text.contains("PRIVATE KEY"))
        #expect(eventually { failures() >= 2 })
        #expect(try String(contentsOfFile: place.path, encoding: .utf8) == text)
        try thread.sync { keeping.keeper.forget("") }
    }
}
