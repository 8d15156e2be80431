import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Session persistence")
struct SessionTests {
    private static let endpoint = SocketAddress(ip: IPAddress(v4: 0x0a00_0203), port: 8080)
    private static let other = SocketAddress(ip: IPAddress(v6High: 0x2001_0db8_0000_0000, v6Low: 9), port: 443)

    /// Stands for HMAC-SHA256: 32 bytes that depend on a key and every byte of the message.
    private static func code(_ key: UInt64) -> @Sendable ([UInt8]) -> [UInt8] {
        { message in
            (0..<4).flatMap { lane in
                withUnsafeBytes(of: XXHash64.hash(message, seed: key &+ UInt64(lane))) { Array($0) }
            }
        }
    }

    private func keeper(
        scope: String = "route",
        key: UInt64 = 1,
        _ change: (inout TulleL7.SessionPersistence) -> Void = { _ in }
    ) -> SessionKeeper {
        var settings = TulleL7.SessionPersistence()
        settings.name = "s"
        change(&settings)
        return SessionKeeper(settings, scope: scope, hmac: Self.code(key))
    }

    private func value(_ field: HeaderField?) -> String {
        guard let field, field.name == "set-cookie" else { return field?.value ?? "" }
        return String(field.value.dropFirst(2).prefix { $0 != ";" })
    }

    private func issued(_ keeper: SessionKeeper, _ endpoint: SocketAddress = endpoint, now: UInt64 = 1000) -> String {
        self.value(keeper.field(for: endpoint, keeping: nil, of: RequestLab.request(), now: now))
    }

    @Test("a session comes back with its endpoint", arguments: [endpoint, other])
    func back(_ endpoint: SocketAddress) throws {
        let keeper = self.keeper()
        let value = self.issued(keeper, endpoint)
        #expect(value.utf8.count == SessionToken.textLength)
        let request = RequestLab.request([("cookie", "a=b; s=\(value)")])
        let session = try #require(keeper.session(of: request, now: 5000))
        #expect(session.endpoint == endpoint)
        #expect(keeper.field(for: endpoint, keeping: session, of: request, now: 5000) == nil)
        #expect(keeper.field(for: Self.endpoint, keeping: nil, of: request, now: 5000) != nil)
    }

    @Test("the address is not to be seen, and another endpoint's value has nothing in common")
    func hidden() throws {
        let keeper = self.keeper()
        let bytes = try #require(Base64URL.decode(self.issued(keeper).utf8))
        let address: [UInt8] = [0x0a, 0x00, 0x02, 0x03]
        #expect(!bytes.indices.dropLast(3).contains { Array(bytes[$0..<$0 + 4]) == address })
        var next = Self.endpoint
        next.port += 1
        let others = try #require(Base64URL.decode(self.issued(keeper, next).utf8))
        #expect(zip(bytes, others).count { $0 == $1 } < 8)
    }

    @Test("what was changed anywhere counts for nothing")
    func forged() throws {
        let keeper = self.keeper()
        let value = self.issued(keeper)
        let bytes = try #require(Base64URL.decode(value.utf8))
        for index in bytes.indices {
            for bit in [UInt8(1), 128] {
                var changed = bytes
                changed[index] ^= bit
                let request = RequestLab.request([("cookie", "s=\(Base64URL.encode(changed))")])
                #expect(keeper.session(of: request, now: 1000) == nil)
            }
        }
        for text in ["", "x", String(value.dropLast()), value + "A", String(repeating: "!", count: 58)] {
            #expect(keeper.session(of: RequestLab.request([("cookie", "s=\(text)")]), now: 1000) == nil)
        }
    }

    @Test("another scope, key or name opens nothing")
    func scopes() {
        let request = RequestLab.request([("cookie", "s=\(self.issued(self.keeper()))")])
        #expect(self.keeper().session(of: request, now: 1000) != nil)
        #expect(self.keeper(scope: "route2").session(of: request, now: 1000) == nil)
        #expect(self.keeper(key: 2).session(of: request, now: 1000) == nil)
        #expect(self.keeper { $0.name = "S" }.session(of: request, now: 1000) == nil)
    }

    @Test("a session ends with its time, however much it is used")
    func absolute() throws {
        let keeper = self.keeper { $0.absoluteTimeoutMilliseconds = 60_000 }
        let request = RequestLab.request([("cookie", "s=\(self.issued(keeper))")])
        #expect(keeper.session(of: request, now: 1060) != nil)
        #expect(keeper.session(of: request, now: 1061) == nil)
    }

    @Test("use renews the idle time, not the whole")
    func idle() throws {
        let keeper = self.keeper {
            $0.idleTimeoutMilliseconds = 10_000
            $0.absoluteTimeoutMilliseconds = 25_000
        }
        var value = self.issued(keeper)
        func request() -> RequestView { RequestLab.request([("cookie", "s=\(value)")]) }
        #expect(keeper.session(of: request(), now: 1011) == nil)
        for now in [UInt64(1009), 1018] {
            let session = try #require(keeper.session(of: request(), now: now))
            value = self.value(keeper.field(for: Self.endpoint, keeping: session, of: request(), now: now))
        }
        #expect(keeper.session(of: request(), now: 1025) != nil)
        #expect(keeper.session(of: request(), now: 1026) == nil)
    }

    @Test("a key of before still opens, and what it sealed is sealed anew")
    func rotated() throws {
        let before = self.keeper(key: 1)
        let now = SessionKeeper(
            .with { $0.name = "s" },
            scope: "route",
            hmac: Self.code(2),
            older: [Self.code(1)]
        )
        let request = RequestLab.request([("cookie", "s=\(self.issued(before))")])
        let session = try #require(now.session(of: request, now: 1000))
        #expect(session.endpoint == Self.endpoint)
        let value = self.value(now.field(for: Self.endpoint, keeping: session, of: request, now: 1000))
        let renewed = RequestLab.request([("cookie", "s=\(value)")])
        #expect(before.session(of: renewed, now: 1000) == nil)
        let second = try #require(now.session(of: renewed, now: 1000))
        #expect(now.field(for: Self.endpoint, keeping: second, of: renewed, now: 1000) == nil)
        #expect(self.keeper(key: 2).session(of: renewed, now: 1000)?.endpoint == Self.endpoint)
    }

    @Test("another endpoint begins another session")
    func moved() throws {
        let keeper = self.keeper { $0.absoluteTimeoutMilliseconds = 60_000 }
        let request = RequestLab.request([("cookie", "s=\(self.issued(keeper))")])
        let session = try #require(keeper.session(of: request, now: 1050))
        let moved = self.value(keeper.field(for: Self.other, keeping: session, of: request, now: 1050))
        let after = RequestLab.request([("cookie", "s=\(moved)")])
        #expect(keeper.session(of: after, now: 1110)?.endpoint == Self.other)
    }

    @Test("cookies have the attributes that keep them safe")
    func attributes() throws {
        func cookie(_ scheme: String, _ change: (inout TulleL7.SessionPersistence) -> Void) throws -> String {
            let request = RequestLab.request(scheme: scheme)
            let field = self.keeper(change).field(for: Self.endpoint, keeping: nil, of: request, now: 1000)
            let value = try #require(field).value
            return String(value.drop { $0 != ";" })
        }
        #expect(try cookie("http") { _ in } == "; Path=/; HttpOnly; SameSite=Lax")
        #expect(try cookie("https") { $0.path = "/shop" } == "; Path=/shop; HttpOnly; SameSite=Lax; Secure")
        let permanent = try cookie("http") {
            $0.permanent = true
            $0.absoluteTimeoutMilliseconds = 90_500
        }
        #expect(permanent == "; Path=/; Max-Age=91; HttpOnly; SameSite=Lax")
    }

    @Test("a header carries it as well")
    func header() throws {
        let keeper = self.keeper {
            $0.header = true
            $0.name = "X-Session"
        }
        let field = try #require(keeper.field(for: Self.endpoint, keeping: nil, of: RequestLab.request(), now: 1))
        #expect(field.name == "x-session")
        #expect(field.sensitive)
        let request = RequestLab.request([("x-session", field.value)])
        #expect(keeper.session(of: request, now: 2)?.endpoint == Self.endpoint)
    }

    @Test("a function that gives too little makes nothing and opens nothing")
    func weak() {
        let keeper = SessionKeeper(TulleL7.SessionPersistence(), scope: "", hmac: { _ in [1, 2, 3] })
        #expect(keeper.field(for: Self.endpoint, keeping: nil, of: RequestLab.request(), now: 1) == nil)
        let request = RequestLab.request([("cookie", "tulle-session=\(String(repeating: "A", count: 58))")])
        #expect(keeper.session(of: request, now: 1) == nil)
    }

    @Test(arguments: [([UInt8](), ""), ([0], "AA"), ([255, 254], "__4"), ([1, 2, 3], "AQID")])
    func base64(_ bytes: [UInt8], _ text: String) {
        #expect(Base64URL.encode(bytes) == text)
        #expect(Base64URL.decode(text.utf8) == bytes)
    }

    @Test("text that no encoder writes is refused", arguments: ["A", "AB", "AA=", "A+", "__5", "AAAAA"])
    func base64Refusals(_ text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}
