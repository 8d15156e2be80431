import MeshModel
import Testing

@testable import DataPlane

struct ProxyHeaderTests {
    private func bytes(_ source: String, _ destination: String, identity: String? = nil, host: String? = nil) throws
        -> [UInt8]
    {
        let source = try #require(SocketAddress(parsing: source))
        let destination = try #require(SocketAddress(parsing: destination))
        return ProxyHeader(source: source, destination: destination, identity: identity, host: host).bytes
    }

    private static let start: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21]

    @Test("IPv4 takes 12 bytes of addresses and ports")
    func writesIPv4() throws {
        let expected = Self.start + [0x11, 0, 12, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 80]
        #expect(try self.bytes("10.0.0.1:12345", "10.0.0.2:80") == expected)
    }

    @Test("IPv6 takes 36 bytes, also where only one side is IPv6")
    func writesIPv6() throws {
        let v6 = try self.bytes("[2001:db8::1]:1", "[::2]:2")
        #expect(v6.prefix(16) == (Self.start + [0x21, 0, 36])[...])
        #expect(v6.count == 52)
        let mixed = try self.bytes("10.0.0.1:1", "[::2]:2")
        #expect(mixed[16..<32] == ([UInt8](repeating: 0, count: 10) + [0xff, 0xff, 10, 0, 0, 1])[...])
        #expect(try self.bytes("[::ffff:10.0.0.1]:1", "10.0.0.2:2")[13] == 0x11)
    }

    @Test("identity and host follow as typed values, and are left out when too long")
    func writesValues() throws {
        let header = try self.bytes("10.0.0.1:1", "10.0.0.2:2", identity: "spiffe://a", host: "h")
        #expect(header[28...] == ([0xd0, 0, 10] + Array("spiffe://a".utf8) + [0xd1, 0, 1, UInt8(ascii: "h")])[...])
        #expect(header[14..<16] == [0, 29])
        let long = try self.bytes("10.0.0.1:1", "10.0.0.2:2", identity: String(repeating: "x", count: 2_049))
        #expect(long.count == 28)
    }
}
