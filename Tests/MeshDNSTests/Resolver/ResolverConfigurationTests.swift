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
}
