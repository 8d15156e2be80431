import CertificateAuthority
import Foundation
import Synchronization
import Testing

@Suite struct CertificateIssuerTests {
    @Test func aRequestForItsOwnNameIsGranted() async throws {
        let mesh = try TestMesh()
        let call = try TestMesh.call(uris: ["spiffe://cluster.local/ns/shop/sa/echo"])
        #expect(try await mesh.refusal(call) == nil)
    }

    @Test func aRequestForAnotherNameIsRefused() async throws {
        let mesh = try TestMesh()
        let call = try TestMesh.call(uris: ["spiffe://cluster.local/ns/shop/sa/admin"])
        #expect(try await mesh.refusal(call) == .csrIdentityMismatch)
    }

    @Test(arguments: [
        ["spiffe://cluster.local/ns/shop/sa/echo", "spiffe://cluster.local/ns/shop/sa/admin"],
        ["spiffe://cluster.local/ns/shop/sa/echo/"], ["SPIFFE://cluster.local/ns/shop/sa/echo"],
        ["spiffe://evil.local/ns/shop/sa/echo"], ["x\r\nforged: line"],
    ])
    func aRequestMayNameNobodyElseBesideItself(_ uris: [String]) async throws {
        let mesh = try TestMesh()
        #expect(try await mesh.refusal(try TestMesh.call(uris: uris)) == .csrIdentityMismatch)
        #expect(mesh.journal.newest.last?.hint?.utf8.allSatisfy { (0x20...0x7e).contains($0) } == true)
    }

    @Test func actingForAnotherIsRefused() async throws {
        let mesh = try TestMesh()
        var call = try TestMesh.call()
        call.impersonated = "spiffe://cluster.local/ns/shop/sa/admin"
        #expect(try await mesh.refusal(call) == .csrIdentityMismatch)
    }

    @Test func aMalformedRequestIsRefused() async throws {
        let mesh = try TestMesh()
        var call = try TestMesh.call()
        call.csr = "nothing"
        #expect(try await mesh.refusal(call) == .csrMalformed)
    }

    @Test func extremeLifetimesDoNoHarm() async throws {
        let mesh = try TestMesh()
        for seconds in [Int64.min, -1, 0, 86_400] {
            var call = try TestMesh.call()
            call.validitySeconds = seconds
            let issued = try await mesh.issuer.answer(call, now: Date())
            #expect(issued.notAfter < Date(timeIntervalSinceNow: 86_401))
        }
    }

    @Test(arguments: [86_401, 1 << 40, .max] as [Int64])
    func aLifetimeBeyondTheMaximumIsRefusedBeforeAnyoneIsAsked(_ seconds: Int64) async throws {
        let mesh = try TestMesh()
        var call = try TestMesh.call()
        call.validitySeconds = seconds
        #expect(try await mesh.refusal(call) == .lifetimeTooLong)
        #expect(mesh.aws.answers.withLock { $0.requests }.isEmpty)
        #expect(mesh.journal.counts == ["lifetime_too_long": 1])
        var lifetimes = AuthorityLifetimes()
        lifetimes.longWishes = .cut
        let lenient = try TestMesh(lifetimes: lifetimes)
        let now = Date()
        let issued = try await lenient.issuer.answer(call, now: now)
        #expect(abs(issued.notAfter.timeIntervalSince(now) - 86_400) < 2)
    }

    @Test func eachAnswerLeavesALineInTheJournal() async throws {
        let mesh = try TestMesh()
        _ = try await mesh.refusal(try TestMesh.call())
        _ = try await mesh.refusal(try TestMesh.call { $0.audience = "other" })
        let records = mesh.journal.newest
        #expect(records.map(\.outcome) == ["issued", "refused"])
        #expect(records.last?.code == "attestation_audience_mismatch")
        #expect(records.first?.identity == "spiffe://cluster.local/ns/shop/sa/echo")
        #expect(records.first?.caller == FakeAWS.callerARN)
        #expect(records.map(\.attestor) == ["ecs_task", "ecs_task"])
        #expect(records.first?.serial?.count == 32)
        #expect(records.first?.expires != nil)
        let file = try String(contentsOfFile: "\(mesh.directory.path)/issued.log", encoding: .utf8)
        let lines = file.split(separator: "\n")
        #expect(lines.count == 2)
        for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        #expect(!file.contains("session"), "no credential may reach the journal")
        #expect(mesh.journal.counts == ["issued": 1, "attestation_audience_mismatch": 1])
    }

    @Test func theJournalNamesTheCallerOfARefusalOnceStsHasNamedIt() async throws {
        let mesh = try TestMesh()
        mesh.aws.answers.withLock { $0.task = .missing }
        #expect(try await mesh.refusal(try TestMesh.call()) == .taskNotFound)
        #expect(mesh.journal.newest.last?.caller == FakeAWS.callerARN)
        mesh.aws.answers.withLock { $0.caller = .refused(code: "AccessDenied") }
        #expect(try await mesh.refusal(try TestMesh.call()) == .stsRefused)
        #expect(mesh.journal.newest.last?.caller == nil)
        #expect(mesh.journal.query(IssuanceFilter()).map(\.code) == ["sts_refused", "task_not_found"])
    }
}
