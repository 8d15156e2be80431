import Testing

@testable import Lab

@Suite struct ZoneAnswersTests {
    private static func set(_ name: String, _ type: String, _ values: [String], alias: String? = nil)
        -> HostedZone.RecordSet
    {
        .init(name: name, type: type, ttl: 5, values: values, alias: alias)
    }

    private static let zones = ZoneAnswers([
        HostedZone(
            name: "mesh.internal.",
            records: [
                set("mesh.internal.", "SOA", ["ns-1.example. admin.example. 1 7200 900 1209600 86400"]),
                set("echo.demo.mesh.internal.", "A", ["240.240.0.1", "240.240.0.2"]),
                set("six.demo.mesh.internal.", "AAAA", ["2001:db8::1"]),
                set("\\052.wild.mesh.internal.", "A", ["240.240.0.9"]),
                set("named.wild.mesh.internal.", "TXT", ["\"hello world\" \"two\""]),
                set("alias.mesh.internal.", "CNAME", ["Echo.Demo.mesh.internal."]),
                set("away.mesh.internal.", "CNAME", ["example.com."]),
                set("loop.mesh.internal.", "CNAME", ["loop.mesh.internal."]),
                set("apex.mesh.internal.", "A", [], alias: "echo.demo.mesh.internal."),
                set("bad.mesh.internal.", "A", ["not an address"]),
                set("srv.mesh.internal.", "SRV", ["1 2 8080 echo.demo.mesh.internal."]),
                set("outside.example.", "A", ["1.1.1.1"]),
            ]
        ),
        HostedZone(name: "demo", records: [set("echo.demo", "A", ["240.240.0.1"])]),
    ])

    @Test(arguments: [
        ("echo.demo.mesh.internal", UInt16(1), [[240, 240, 0, 1], [240, 240, 0, 2]] as [[UInt8]]),
        ("echo.demo", 1, [[240, 240, 0, 1]]),
        ("x.wild.mesh.internal", 1, [[240, 240, 0, 9]]),
        ("a.b.wild.mesh.internal", 1, [[240, 240, 0, 9]]),
        ("apex.mesh.internal", 1, [[240, 240, 0, 1], [240, 240, 0, 2]]),
        ("named.wild.mesh.internal", 16, [[11] + Array("hello world".utf8) + [3] + Array("two".utf8)]),
        ("six.demo.mesh.internal", 28, [[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]),
    ])
    func `answers with the zone's records`(_ name: String, _ type: UInt16, _ data: [[UInt8]]) throws {
        let answer = try #require(Self.zones.answer(name, type: type))
        #expect(answer.code == .noError && answer.isAuthoritative)
        #expect(answer.answers.map(\.data) == data)
        #expect(answer.answers.allSatisfy { $0.ttl == 5 })
    }

    @Test(arguments: [
        ("echo.demo.mesh.internal", UInt16(28)), ("demo.mesh.internal", 1), ("named.wild.mesh.internal", 1),
        ("bad.mesh.internal", 1),
    ])
    func `a name without records of the type is there, with the zone's SOA`(_ name: String, _ type: UInt16) throws {
        let answer = try #require(Self.zones.answer(name, type: type))
        #expect(answer.code == .noError && answer.answers.isEmpty)
        #expect(answer.authority.map(\.type) == [6])
    }

    @Test(arguments: ["nothere.mesh.internal", "x.echo.demo.mesh.internal", "other.demo"])
    func `a name that isn't there is said so`(_ name: String) throws {
        let answer = try #require(Self.zones.answer(name, type: 1))
        #expect(answer.code == .nameError && answer.authority.map(\.type) == [6])
    }

    @Test(arguments: ["example.com", "internal", "mesh.internal.example", "outside.example", ""])
    func `names outside the zones are not ours to answer`(_ name: String) {
        #expect(Self.zones.answer(name, type: 1) == nil)
    }

    @Test func `follows CNAMEs inside the zones, stops at their border, and ends loops`() throws {
        let inside = try #require(Self.zones.answer("alias.mesh.internal", type: 1))
        #expect(inside.answers.map(\.type) == [5, 1, 1])
        let away = try #require(Self.zones.answer("away.mesh.internal", type: 1))
        #expect(away.answers.map(\.type) == [5] && away.code == .noError)
        #expect(Self.zones.answer("loop.mesh.internal", type: 1)?.code == .serverFailure)
    }
}
