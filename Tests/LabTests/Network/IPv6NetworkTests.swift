import Testing

@testable import Lab

@Suite struct IPv6NetworkTests {
    @Test func `an address ends in the IPv4 address it goes with`() throws {
        let network = IPv6Network(beside: try IPv4Network(parsing: "10.77.0.0/16"))
        #expect(network.description == "fd74:756c:6c65:a4d::/96")
        let address = try #require(IPv4Address(parsing: "10.77.2.10"))
        #expect(network.address(of: address) == "fd74:756c:6c65:a4d::a4d:20a")
    }
}
