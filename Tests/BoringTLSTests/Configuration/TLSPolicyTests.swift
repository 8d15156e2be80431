import BoringTLS
import Testing

/// What two ends agree on under each policy.
@Suite("TLS policy")
struct TLSPolicyTests {
    private func pair(
        client: TLSPolicy = TLSPolicy(),
        server: TLSPolicy = TLSPolicy()
    ) throws -> LoopbackPair {
        let authority = try TestAuthority()
        return try LoopbackPair(
            client: try TLSContext(
                identity: try authority.identity([TestAuthority.clientURI]),
                trust: try authority.trust,
                policy: client
            ),
            server: try TLSContext(
                identity: try authority.identity([TestAuthority.serverURI]),
                trust: try authority.trust,
                policy: server
            )
        )
    }

    @Test("by default it is TLS 1.3 with AES-256-GCM and the hybrid key exchange")
    func standard() throws {
        let pair = try pair()
        pair.handshake()
        #expect(pair.server.negotiatedVersion == "TLSv1.3")
        #expect(pair.server.negotiatedSuite == "TLS_AES_256_GCM_SHA384")
        #expect(pair.server.negotiatedGroup == "X25519MLKEM768")
        #expect(pair.server.negotiatedALPN == "h2")
    }

    @Test("a client's offer holds TLS 1.3, the two AES-GCM suites in order, h2, and no name")
    func offer() throws {
        let pair = try pair()
        _ = pair.client.handshake()
        let hello = try ClientHello([UInt8](pair.client.output))
        #expect(hello.versions == [0x0304])
        #expect(hello.suites == [0x1302, 0x1301])
        #expect(hello.protocols == ["h2"])
        #expect(hello.extensions[0] == nil)
        // No ticket to resume with, no early data.
        #expect(hello.extensions[41] == nil)
        #expect(hello.extensions[42] == nil)
    }

    @Test("TLS 1.2 is offered where it is allowed, with ECDHE and AES-GCM only")
    func offerOfTLS12() throws {
        let pair = try pair(client: TLSPolicy(allowsTLS12: true))
        _ = pair.client.handshake()
        let hello = try ClientHello([UInt8](pair.client.output))
        #expect(hello.versions == [0x0304, 0x0303])
        #expect(hello.suites == [0x1302, 0x1301, 0xC02C, 0xC030, 0xC02B, 0xC02F])
    }

    @Test("both sides of TLS 1.2 still take 1.3 from each other")
    func upgrade() throws {
        let both = TLSPolicy(allowsTLS12: true)
        let pair = try pair(client: both, server: both)
        pair.handshake()
        #expect(pair.client.negotiatedVersion == "TLSv1.3")
    }

    @Test("the post-quantum policy offers one group, and TLS 1.3 even where 1.2 is allowed")
    func postQuantum() throws {
        let policy = TLSPolicy(allowsTLS12: true, isPostQuantumOnly: true)
        let pair = try pair(client: policy, server: policy)
        _ = pair.client.handshake()
        let hello = try ClientHello([UInt8](pair.client.output))
        #expect(hello.groups == [0x11EC])
        #expect(hello.versions == [0x0304])
        pair.handshake()
        #expect(pair.client.isOpen)
        #expect(pair.server.negotiatedGroup == "X25519MLKEM768")
    }
}

/// The fields of a ClientHello (RFC 8446 §4.1.2) that tests look at.
private struct ClientHello {
    var suites: [UInt16] = []
    var extensions: [UInt16: [UInt8]] = [:]

    /// Reads the first record of a client.
    init(_ record: [UInt8]) throws {
        var rest = record.dropFirst(5 + 4 + 2 + 32)
        func take(_ count: Int) throws -> [UInt8] {
            try #require(rest.count >= count)
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func number(_ bytes: Int) throws -> Int { try take(bytes).reduce(0) { $0 << 8 | Int($1) } }
        _ = try take(try number(1))
        suites = Self.numbers(try take(try number(2)))
        _ = try take(try number(1))
        var left = try number(2)
        while left > 0 {
            let name = UInt16(try number(2))
            let value = try take(try number(2))
            extensions[name] = value
            left -= 4 + value.count
        }
    }

    private static func numbers(_ bytes: [UInt8]) -> [UInt16] {
        stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    }

    var versions: [UInt16] { Self.numbers(Array((extensions[43] ?? []).dropFirst())) }
    var groups: [UInt16] { Self.numbers(Array((extensions[10] ?? []).dropFirst(2))) }

    var protocols: [String] {
        var rest = (extensions[16] ?? []).dropFirst(2)
        var names: [String] = []
        while let count = rest.first {
            names.append(String(decoding: rest.dropFirst().prefix(Int(count)), as: UTF8.self))
            rest = rest.dropFirst(1 + Int(count))
        }
        return names
    }
}
