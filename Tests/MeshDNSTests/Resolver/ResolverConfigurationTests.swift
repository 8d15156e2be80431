import MeshModel
import Testing

@testable import MeshDNS

@Suite struct ResolverConfigurationTests {
    @Test func readsAFile() {
        let configuration = ResolverConfiguration(
            parsing: """
                # comment
                ; comment
                nameserver 10.0.0.2
                nameserver\tfd00::2
                nameserver nonsense
                nameserver 10.0.0.3
                nameserver 10.0.0.4
                domain ignored.example
                search Shop.mesh.internal mesh.internal
                options ndots:2 timeout:3 attempts:4 rotate single-request
                sortlist 1.2.3.4
                """
        )
        #expect(configuration.servers.map { "\($0)" } == ["10.0.0.2:53", "[fd00::2]:53", "10.0.0.3:53"])
        #expect(configuration.search.map(\.description) == ["shop.mesh.internal", "mesh.internal"])
        #expect(configuration.dots == 2)
        #expect(configuration.timeout == .seconds(3))
        #expect(configuration.attempts == 4)
    }

    @Test(
        "bounds",
        arguments: [
            ("options ndots:99 timeout:999 attempts:99", 15, 30, 5), ("options ndots:0 timeout:0 attempts:0", 0, 1, 1),
            ("options ndots:-1 timeout: attempts:x ndots:99999", 1, 5, 2), ("", 1, 5, 2),
        ]
    )
    func bounds(_ text: String, _ dots: Int, _ seconds: Int, _ attempts: Int) {
        let configuration = ResolverConfiguration(parsing: text)
        #expect(configuration.dots == dots)
        #expect(configuration.timeout == .seconds(seconds))
        #expect(configuration.attempts == attempts)
        #expect(configuration.servers.map { "\($0)" } == ["127.0.0.1:53"])
    }

    @Test func searchIsBounded() {
        let many = (0..<50).map { "d\($0)" }.joined(separator: " ")
        #expect(ResolverConfiguration(parsing: "search \(many)").search.count == 6)
    }

    @Test(
        "names to try",
        arguments: [
            ("echo", ["echo.a.b", "echo.c", "echo"]), ("echo.shop", ["echo.shop", "echo.shop.a.b", "echo.shop.c"]),
            ("echo.", ["echo"]), ("", []), (".", []), ("a b", []),
        ]
    )
    func candidates(_ host: String, _ expected: [String]) {
        let configuration = ResolverConfiguration(parsing: "search a.b c")
        #expect(configuration.candidates(for: host).map(\.description) == expected)
    }

    @Test("any text makes a configuration within bounds", arguments: 0..<4)
    func garbage(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let words = [
            "nameserver", "search", "domain", "options", "10.0.0.1", "fd00::1", "a.b", "..", "ndots:", "timeout:",
            "99999999999", "\u{0}", "\u{2028}", "é", "#", ";", "-1", "\t", "attempts:3", "fe80::1%eth0",
        ]
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                text += words.randomElement(using: &random) ?? ""
                text += [" ", "\n", "\r\n", ""].randomElement(using: &random) ?? ""
            }
            let configuration = ResolverConfiguration(parsing: text)
            #expect((1...3).contains(configuration.servers.count))
            #expect(configuration.search.count <= 6)
            #expect((0...15).contains(configuration.dots) && (1...5).contains(configuration.attempts))
            #expect(configuration.timeout >= .seconds(1) && configuration.timeout <= .seconds(30))
            #expect(configuration.candidates(for: "echo").count <= 7)
        }
    }

    @Test func aHugeFileIsCut() {
        let text = String(repeating: "# nothing\n", count: 10_000) + "nameserver 10.0.0.1\n"
        #expect(ResolverConfiguration(parsing: text).servers.map { "\($0)" } == ["127.0.0.1:53"])
    }
}
