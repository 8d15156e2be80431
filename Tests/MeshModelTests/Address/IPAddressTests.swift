import MeshModel
import Testing

struct IPAddressTests {
    @Test(
        "text that is an address prints in its one form",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"),
            ("1::", "1::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("fe80:0:0:0:0:0:0:0", "fe80::"),
        ]
    )
    func parsesAndPrints(text: String, expected: String) throws {
        let address = try #require(IPAddress(parsing: text))
        #expect(address.description == expected)
        #expect(IPAddress(bytes: address.bytes) == address)
        #expect(IPAddress(parsing: address.description) == address)
    }

    @Test(
        "text that is no address is refused",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "1.2.3.", ".1.2.3", ":", ":::", "1:::2",
            "::1::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1.2.3", "1:",
            "fe80::1%eth0", "::ffff:1.2.3.4:5", String(repeating: "1", count: 200),
        ]
    )
    func refuses(text: String) { #expect(IPAddress(parsing: text) == nil) }

    @Test func mappedBecomesV4() throws {
        let mapped = try #require(IPAddress(parsing: "::ffff:10.0.0.1"))
        #expect(!mapped.isV4)
        #expect(mapped.canonical == IPAddress(v4: 0x0a00_0001))
    }

    @Test func blocksContainTheirAddressesOnly() throws {
        let base = try #require(IPAddress(parsing: "10.1.0.0"))
        let inside = try #require(IPAddress(parsing: "10.1.255.255"))
        let outside = try #require(IPAddress(parsing: "10.2.0.0"))
        let six = try #require(IPAddress(parsing: "2001:db8::5"))
        let sixBase = try #require(IPAddress(parsing: "2001:db8::"))
        #expect(inside.isContained(in: base, prefixLength: 16))
        #expect(!outside.isContained(in: base, prefixLength: 16))
        #expect(outside.isContained(in: base, prefixLength: 0))
        #expect(!six.isContained(in: base, prefixLength: 0))
        #expect(six.isContained(in: sixBase, prefixLength: 125))
        #expect(!six.isContained(in: sixBase, prefixLength: 126))
        #expect(!inside.isContained(in: base, prefixLength: 33))
    }

    @Test(arguments: [("127.9.9.9", true), ("::1", true), ("128.0.0.1", false), ("::2", false)])
    func loopback(text: String, expected: Bool) { #expect(IPAddress(parsing: text)?.isLoopback == expected) }

    @Test(
        arguments: [
            ("1.2.3.4:80", "1.2.3.4:80"), ("[::1]:65535", "[::1]:65535"), ("1.2.3.4:080", "1.2.3.4:80"),
        ]
    )
    func socketAddresses(text: String, expected: String) {
        #expect(SocketAddress(parsing: text)?.description == expected)
    }

    @Test(arguments: ["1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "::1:80", "[1.2.3.4]:80", "[]:80", "a:80", "1.2.3.4:+8"])
    func malformedSocketAddresses(text: String) { #expect(SocketAddress(parsing: text) == nil) }
}
