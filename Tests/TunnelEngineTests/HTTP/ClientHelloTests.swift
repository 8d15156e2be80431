import Testing

@testable import TunnelEngine

@Suite("ClientHellos")
struct ClientHelloTests {
    private static func counted(_ bytes: [UInt8], _ lengthBytes: Int) -> [UInt8] {
        (0..<lengthBytes).map { UInt8(bytes.count >> (8 * (lengthBytes - 1 - $0)) & 255) } + bytes
    }

    private static func serverName(_ name: String) -> [UInt8] {
        [0, 0] + Self.counted(Self.counted([0] + Self.counted(Array(name.utf8), 2), 2), 2)
    }

    private static func protocols(_ names: [String]) -> [UInt8] {
        [0, 16] + Self.counted(Self.counted(names.flatMap { Self.counted(Array($0.utf8), 1) }, 2), 2)
    }

    private static func message(_ extensions: [UInt8]?) -> [UInt8] {
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 7, count: 32)
        body += Self.counted([1, 2, 3], 1) + Self.counted([0x13, 1], 2) + Self.counted([0], 1)
        if let extensions { body += Self.counted(extensions, 2) }
        return [1] + Self.counted(body, 3)
    }

    /// The message in records of at most `size` bytes.
    private static func records(_ message: [UInt8], size: Int = 1 << 14) -> [UInt8] {
        var records: [UInt8] = []
        var rest = message[...]
        while !rest.isEmpty {
            records += [22, 3, 1] + Self.counted(Array(rest.prefix(size)), 2)
            rest = rest.dropFirst(size)
        }
        return records
    }

    @Test("name and protocols")
    func whole() {
        let message = Self.message(
            [0, 43, 0, 3, 2, 3, 4] + Self.serverName("Shop.Example") + Self.protocols(["h2", "http/1.1"])
        )
        let expected = ClientHello(serverName: "shop.example", protocols: ["h2", "http/1.1"])
        #expect(ClientHello.read(Self.records(message)) == .hello(expected))
        #expect(ClientHello.read(Self.records(message) + [23, 3, 3]) == .hello(expected), "more may follow")
        #expect(ClientHello.read(Self.records(Self.message([]))) == .hello(ClientHello()))
        #expect(ClientHello.read(Self.records(Self.message(nil))) == .hello(ClientHello()))
    }

    @Test("cut into records, and arriving byte by byte")
    func fragments() {
        let message = Self.message(Self.serverName("a.test") + Self.protocols(["h2"]))
        for size in [1, 2, 3, 5, 50] where message.count / size < 64 {
            let bytes = Self.records(message, size: size)
            for count in 0..<bytes.count {
                #expect(ClientHello.read(Array(bytes.prefix(count))) == .needsMore)
            }
            #expect(ClientHello.read(bytes) == .hello(ClientHello(serverName: "a.test", protocols: ["h2"])))
        }
        #expect(ClientHello.read(Self.records(message, size: 1)) == .invalid, "too many records")
    }

    @Test("what is none")
    func invalid() {
        let good = Self.serverName("a.test")
        var wrong: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n".utf8), [23, 3, 3, 0, 1, 1], [22, 2, 0, 0, 1, 1], [22, 3, 3, 0, 0],
            [22, 3, 3, 0x40, 1, 1], [22, 3, 3, 0, 1, 2], [22, 3, 1, 0, 4, 1, 0x10, 0, 0],
        ]
        wrong += [
            good + good, Self.serverName(""), Self.serverName("a b"), Self.serverName("a\u{0}.test"),
            Self.serverName("é.test"), Self.serverName(String(repeating: "a", count: 256)), [0, 0, 0, 5, 1],
            [0, 0, 0, 1, 1], [0], Self.protocols(["h2", ""]), Self.protocols(["h2"]) + Self.protocols(["h2"]),
            Self.protocols([String](repeating: "x", count: 33)), [0, 16, 0, 3, 0, 2, 5],
        ].map { Self.records(Self.message($0)) }
        wrong.append(Self.records([1] + Self.counted([3, 3], 3)))
        for bytes in wrong { #expect(ClientHello.read(bytes) == .invalid, "\(bytes)") }
    }

    @Test("never waits for more than its limit")
    func bounds() {
        let padding = [UInt8(0), 21] + Self.counted([UInt8](repeating: 0, count: 16_500), 2)
        #expect(ClientHello.read(Self.records(Self.message(padding))) == .invalid)
        let most = Self.records([1, 0, 0x3f, 0xff] + [UInt8](repeating: 0, count: 8_000), size: 130)
        #expect(ClientHello.read(Array(most.prefix(64 * 135))) == .invalid || most.count < 64 * 135)
        let open: [UInt8] = [22, 3, 1, 0x40, 0, 1, 0, 0x40, 0]
        #expect(ClientHello.read(open) == .needsMore)
    }
}
