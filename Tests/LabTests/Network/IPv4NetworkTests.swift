import Testing

@testable import Lab

@Suite struct IPv4NetworkTests {
    @Test func `knows its gateway and its members`() throws {
        let network = try IPv4Network(parsing: "10.77.0.0/16")
        #expect(network.gateway.description == "10.77.0.1")
        #expect(network.contains(try #require(IPv4Address(parsing: "10.77.255.255"))))
        #expect(!network.contains(try #require(IPv4Address(parsing: "10.78.0.0"))))
        #expect(network.description == "10.77.0.0/16")
    }

    @Test(arguments: [
        "10.77.0.1/16", "10.77.0.0", "10.77.0.0/7", "10.77.0.0/29", "10.77.0/16", "10.77.0.0/x", "", "a/8",
    ])
    func `refuses what is no network`(_ text: String) {
        #expect(throws: LabError.self) { try IPv4Network(parsing: text) }
    }

    @Test(arguments: ["1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.+4", "", "1..2.3", "1.2.3.0004"])
    func `refuses what is no address`(_ text: String) {
        #expect(IPv4Address(parsing: text) == nil)
    }
}
