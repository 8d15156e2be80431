import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Forged and malformed tokens (§8.4): each is refused, whatever the rules' number.
struct TokenAttackTests {
    static let payload = "{\"iss\":\"https://i\",\"sub\":\"admin\"}"

    static let forged: [(name: String, token: String, fault: TokenFault)] = {
        let good = TokenMint.token(Self.payload)
        let parts = good.split(separator: ".").map(String.init)
        func header(_ text: String) -> String { TokenMint.token(header: text, Self.payload) }
        func unsigned(_ text: String) -> String {
            Base64URL.encode(text.utf8) + "." + Base64URL.encode(Self.payload.utf8) + "."
        }
        let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
        return [
            ("alg none without signature", unsigned("{\"alg\":\"none\"}"), .notVerified),
            ("alg none with signature", header("{\"alg\":\"none\",\"kid\":\"k1\"}"), .notVerified),
            ("alg None", header("{\"alg\":\"nOnE\"}"), .notVerified),
            ("shared secret made of the public key", header("{\"alg\":\"HS256\",\"kid\":\"k1\"}"), .notVerified),
            (
                "alg of another kind of key",
                TokenMint.token(header: "{\"alg\":\"RS256\",\"kid\":\"k1\"}", Self.payload, algorithm: .rs256), .noKey
            ),
            (
                "alg of another curve",
                TokenMint.token(header: "{\"alg\":\"ES384\",\"kid\":\"k1\"}", Self.payload, algorithm: .es384), .noKey
            ),
            ("alg in lower case", header("{\"alg\":\"es256\"}"), .notVerified),
            ("alg as a list", header("{\"alg\":[\"ES256\"]}"), .notVerified),
            ("no alg", header("{\"kid\":\"k1\"}"), .notVerified),
            ("signed by somebody else", TokenMint.token(Self.payload, key: TokenMint.other), .notVerified),
            (
                "key in the header",
                TokenMint.token(
                    header: "{\"alg\":\"ES256\",\"jwk\":\(TokenMint.jwk(TokenMint.other))}",
                    Self.payload,
                    key: TokenMint.other
                ), .notVerified
            ),
            (
                "key by address",
                TokenMint.token(
                    header: "{\"alg\":\"ES256\",\"jku\":\"https://evil/keys\",\"x5u\":\"https://evil\"}",
                    Self.payload,
                    key: TokenMint.other
                ), .notVerified
            ),
            ("foreign key id", header("{\"alg\":\"ES256\",\"kid\":\"../../k1\"}"), .noKey),
            ("key id as an injection", header("{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}"), .noKey),
            ("key id as a number", header("{\"alg\":\"ES256\",\"kid\":1}"), .notVerified),
            ("critical extension", header("{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}"), .notVerified),
            ("payload that is not encoded", header("{\"alg\":\"ES256\",\"b64\":false}"), .notVerified),
            ("repeated name in the header", header("{\"alg\":\"ES256\",\"alg\":\"ES256\"}"), .notVerified),
            (
                "repeated name in the payload",
                TokenMint.token("{\"iss\":\"https://i\",\"sub\":\"u\",\"sub\":\"admin\"}"),
                .notVerified
            ),
            ("encrypted", good + ".AAAA.AAAA", .notVerified),
            (
                "changed payload",
                parts[0] + "." + Base64URL.encode("{\"iss\":\"https://i\",\"sub\":\"root\"}".utf8) + "." + parts[2],
                .notVerified
            ),
            ("cut signature", String(good.dropLast(2)), .notVerified),
            ("empty signature", parts[0] + "." + parts[1] + ".", .notVerified),
            ("padded", good + "=", .notVerified),
            ("standard alphabet", parts[0] + "." + parts[1] + ".+/+/", .notVerified),
            ("stray bits", parts[0] + "." + parts[1] + ".AB", .notVerified),
            ("two parts", parts[0] + "." + parts[1], .notVerified),
            ("payload is a list", TokenMint.token("[1]"), .notVerified),
            ("nested too deep", TokenMint.token("{\"iss\":\"https://i\",\"a\":\(deep)}"), .notVerified),
            (
                "too long",
                TokenMint.token("{\"iss\":\"https://i\",\"a\":\"\(String(repeating: "a", count: 8_000))\"}"),
                .notVerified
            ),
            (
                "header too long", header("{\"alg\":\"ES256\",\"a\":\"\(String(repeating: "a", count: 2_048))\"}"),
                .notVerified
            ),
            ("issuer as a list", TokenMint.token("{\"iss\":[\"https://i\"]}"), .unknownIssuer),
            ("issuer with a slash", TokenMint.token("{\"iss\":\"https://i/\"}"), .unknownIssuer),
            ("no issuer", TokenMint.token("{\"sub\":\"admin\"}"), .unknownIssuer),
            ("bytes after the payload", TokenMint.token(Self.payload + "{}"), .notVerified),
        ]
    }()

    @Test(arguments: Self.forged.indices)
    func isRefused(_ place: Int) throws {
        let (name, token, fault) = Self.forged[place]
        let one = TokenMint.engine(TokenMint.rule()).check(bearer: token)
        #expect(one.fault == fault, "\(name)")
        #expect(one.claims.isEmpty)
        let two = TokenMint.engine(TokenMint.rule(), TokenMint.rule("https://j")).check(bearer: token)
        #expect(two.fault == fault, "\(name), two rules")
    }

    @Test func theGoodOneIsTaken() {
        #expect(TokenMint.engine(TokenMint.rule()).check(bearer: TokenMint.token(Self.payload)).fault == nil)
    }

    /// CVE-2026-31837: without keys nobody's token is good, and nobody without a token is locked out.
    @Test(arguments: ["", "{}", "{\"keys\":[]}", "null", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "<html>"])
    func withoutKeysNoTokenIsGood(_ keys: String) {
        let engine = TokenMint.engine(TokenMint.rule { $0.keys = keys })
        #expect(engine.faults.count == 1)
        #expect(engine.check(bearer: TokenMint.token(Self.payload)).fault == .noKeySet)
        #expect(engine.check(Sample.request()).fault == nil)
    }

    @Test func moreTokensThanAreLookedAt() {
        let tokens = (0..<9).map { TokenMint.token("{\"iss\":\"https://i\",\"sub\":\"\($0)\"}") }
        let engine = TokenMint.engine(TokenMint.rule())
        #expect(engine.check(Sample.request(fields: tokens.prefix(8).map(TokenMint.bearer))).claims.count == 8)
        #expect(engine.check(Sample.request(fields: tokens.map(TokenMint.bearer))).fault == .notVerified)
        let spread = TokenMint.engine(
            TokenMint.rule { $0.parameters = ["a"] },
            TokenMint.rule("https://j") { $0.parameters = ["b"] }
        )
        let query = tokens.prefix(5).map { "a=\($0)" } + tokens.suffix(4).map { "b=\($0)x" }
        #expect(
            spread.check(Sample.request(query: "b=x&" + query.joined(separator: "&"))).fault == nil,
            "rule a is enough"
        )
    }
}
