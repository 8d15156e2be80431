import CertificateAuthority
import Foundation
import Logging
import MeshCompile
import MeshModel
import Synchronization
import Testing

@testable import ControlPlane

@Suite("66: keys for tokens") struct KeySetTests {
    private static let a = KeySource.url("https://a.example/keys")
    private static let b = KeySource.issuer("https://b.example")

    // MARK: When

    @Test("a set is fetched at once, then every twenty minutes")
    func refresh() {
        var schedule = KeySetSchedule()
        schedule.want([Self.a, Self.b], at: 0)
        #expect(schedule.takeDue(at: 0) == [Self.a, Self.b])
        #expect(schedule.takeDue(at: 0) == [], "what is under way is not begun again")
        #expect(schedule.note("1", of: Self.a, at: 5) == true)
        #expect(schedule.keySets == [Self.a: "1"])
        #expect(schedule.nextDue == 1205)
        #expect(schedule.takeDue(at: 1204) == [])
        #expect(schedule.takeDue(at: 1205) == [Self.a])
        #expect(schedule.note("1", of: Self.a, at: 1206) == false, "the same keys are no news")
    }

    @Test("after failures it waits from one minute to sixty, and what was there stays")
    func failures() {
        var schedule = KeySetSchedule()
        schedule.want([Self.a], at: 0)
        _ = schedule.takeDue(at: 0)
        _ = schedule.note("1", of: Self.a, at: 0)
        var now = 1200
        for pause in [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
            #expect(schedule.takeDue(at: now) == [Self.a], "\(pause)")
            #expect(schedule.note(nil, of: Self.a, at: now) == false)
            #expect(schedule.nextDue == now + pause)
            #expect(schedule.keySets == [Self.a: "1"])
            now += pause
        }
        _ = schedule.takeDue(at: now)
        #expect(schedule.note("2", of: Self.a, at: now) == true)
        #expect(schedule.nextDue == now + 1200)
    }

    @Test("what nobody asks for is forgotten; the number is bounded; what an earlier run had is there at once")
    func wishes() {
        var schedule = KeySetSchedule()
        schedule.restore([Self.a: "old"])
        schedule.want([Self.a], at: 0)
        #expect(schedule.keySets == [Self.a: "old"])
        #expect(schedule.takeDue(at: 0) == [Self.a], "it is fetched all the same")
        schedule.want([], at: 1)
        #expect(schedule.keySets.isEmpty)
        #expect(schedule.note("late", of: Self.a, at: 2) == false)
        let many = (0...KeySetSchedule.sets).map { KeySource.url("https://\($0)") }
        #expect(schedule.want(many, at: 3).count == 1)
    }

    // MARK: From where

    @Test("only public addresses are asked, and those that the owner opens; never where AWS answers for tasks")
    func networks() throws {
        let closed = [
            "127.0.0.1", "10.1.2.3", "169.254.170.2", "169.254.169.254", "192.168.1.1", "172.31.0.1", "100.64.0.1",
            "0.0.0.0", "240.240.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fd00:ec2::254",
        ]
        for text in closed {
            #expect(!KeyNetworks().allows(try #require(IPAddress(parsing: text))), "\(text)")
        }
        for text in ["8.8.8.8", "2606:4700::1"] {
            #expect(KeyNetworks().allows(try #require(IPAddress(parsing: text))), "\(text)")
        }
        let open = KeyNetworks(open: ["10.0.0.0/8", "0.0.0.0/0", "::/0"])
        #expect(open.allows(try #require(IPAddress(parsing: "10.1.2.3"))))
        for text in ["169.254.170.2", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            #expect(!open.allows(try #require(IPAddress(parsing: text))), "\(text)")
        }
    }

    // MARK: What

    @Test("a set keeps its public keys, and nothing by which tokens are made")
    func documents() throws {
        let text = #"""
            {"keys": [{"kty": "RSA", "kid": "1", "n": "x", "e": "AQAB", "d": "secret", "x5c": ["y"]},
                      {"kty": "oct", "k": "secret"}, {"kty": "EC", "crv": "P-256", "x": "1", "y": "2", "key_ops": ["verify"]}]}
            """#
        let keys = try KeySetDocument.keySet(Array(text.utf8))
        #expect(
            keys == #"{"keys":[{"e":"AQAB","kid":"1","kty":"RSA","n":"x"},"#
                + #"{"crv":"P-256","key_ops":["verify"],"kty":"EC","x":"1","y":"2"}]}"#
        )
        for wrong in ["", "[]", "{}", #"{"keys": []}"#, #"{"keys": [{"kty": "oct", "k": "x"}]}"#, "<html>"] {
            #expect(throws: KeySetDocument.Unusable.self, "\(wrong)") { try KeySetDocument.keySet(Array(wrong.utf8)) }
        }
        let discovery = Array(#"{"issuer": "https://b.example", "jwks_uri": "https://b.example/k"}"#.utf8)
        #expect(try KeySetDocument.keysURL(discovery, issuer: "https://b.example") == "https://b.example/k")
        #expect(throws: KeySetDocument.Unusable.self) {
            try KeySetDocument.keysURL(discovery, issuer: "https://other.example")
        }
    }

    @Test("they outlive a restart")
    func file() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        #expect(KeySetFile(state: state).load().isEmpty)
        try KeySetFile(state: state).store([Self.a: "1", Self.b: "2"])
        #expect(KeySetFile(state: state).load() == [Self.a: "1", Self.b: "2"])
    }
}
