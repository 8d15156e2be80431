import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Forged and malformed tokens (§8.4): each is refused, whatever the rules' number.
struct TokenAttackTests {
    static let payload = "{\"iss\":\"https://i\",\"sub\":\"admin\"}"

    static let forged: [(name: String, token: String, fault: TokenFault)] = {
        let good = Issue.token(Self.payload)
        let parts = good.split(separator: ".").map(String.init)
        func header(_ text: String) -> String { Issue.token(header: text, Self.payload) }
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
                Issue.token(header: "{\"alg\":\"RS256\",\"kid\":\"k1\"}", Self.payload, algorithm: .rs256), .noKey
            ),
            (
                "alg of another curve",
                Issue.token(header: "{\"alg\":\"ES384\",\"kid\":\"k1\"}", Self.payload, algorithm: .es384), .noKey
            ),
            ("alg in lower case", header("{\"alg\":\"es256\"}"), .notVerified),
            ("alg as a list", header("{\"alg\":[\"ES256\"]}"), .notVerified),
            ("no alg", header("{\"kid\":\"k1\"}"), .notVerified),
            ("signed by somebody else", Issue.token(Self.payload, key: Issue.other), .notVerified),
            (
                "key in the header",
                Issue.token(
                    header: "{\"alg\":\"ES256\",\"jwk\":\(Issue.jwk(Issue.other))}",
                    Self.payload,
                    key: Issue.other
                ), .notVerified
            ),
            (
                "key by address",
                Issue.token(
                    header: "{\"alg\":\"ES256\",\"jku\":\"https://evil/keys\",\"x5u\":\"https://evil\"}",
                    Self.payload,
                    key: Issue.other
                ), .notVerified
            ),
            ("foreign key id", header("{\"alg\":\"ES256\",\"kid\":\"../../k1\"}"), .noKey),
            ("key id as an injection", header("{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}"), .noKey),
            ("key id as a number", header("{\"alg\":\"ES256\",\"kid\":1}"), .notVerified),
            ("critical extension", header("{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}"), .notVerified),
            ("payload that is not encoded", header("{\"alg\":\"ES256\",\"b64\":false}"), .notVerified),
            ("repeated name in the header", header("{\"alg\":\"ES256\",\"alg\":\"ES256\"}"), .notVerified),
            (
                "repeated name in the payload", Issue.token("{\"iss\":\"https://i\",\"sub\":\"u\",\"sub\":\"admin\"}"),
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
            ("payload is a list", Issue.token("[1]"), .notVerified),
            ("nested too deep", Issue.token("{\"iss\":\"https://i\",\"a\":\(deep)}"), .notVerified),
            (
                "too long", Issue.token("{\"iss\":\"https://i\",\"a\":\"\(String(repeating: "a", count: 8_000))\"}"),
                .notVerified
            ),
            (
                "header too long", header("{\"alg\":\"ES256\",\"a\":\"\(String(repeating: "a", count: 2_048))\"}"),
                .notVerified
            ),
            ("issuer as a list", Issue.token("{\"iss\":[\"https://i\"]}"), .unknownIssuer),
            ("issuer with a slash", Issue.token("{\"iss\":\"https://i/\"}"), .unknownIssuer),
            ("no issuer", Issue.token("{\"sub\":\"admin\"}"), .unknownIssuer),
            ("bytes after the payload", Issue.token(Self.payload + "{}"), .notVerified),
        ]
    }()

    @Test(arguments: Self.forged.indices)
    func isRefused(_ place: Int) throws {
        let (name, token, fault) = Self.forged[place]
        let one = Issue.engine(Issue.rule()).check(bearer: token)
        #expect(one.fault == fault, "\(name)")
        #expect(one.claims.isEmpty)
        let two = Issue.engine(Issue.rule(), Issue.rule("https://j")).check(bearer: token)
        #expect(two.fault == fault, "\(name), two rules")
    }

    @Test func theGoodOneIsTaken() {
        #expect(Issue.engine(Issue.rule()).check(bearer: Issue.token(Self.payload)).fault == nil)
    }

    /// CVE-2026-31837: without keys nobody's token is good, and nobody without a token is locked out.
    @Test(arguments: ["", "{}", "{\"keys\":[]}", "null", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "<html>"])
    func withoutKeysNoTokenIsGood(_ keys: String) {
        let engine = Issue.engine(Issue.rule { $0.keys = keys })
        #expect(engine.faults.count == 1)
        #expect(engine.check(bearer: Issue.token(Self.payload)).fault == .noKeySet)
        #expect(engine.check(Sample.request()).fault == nil)
    }

    @Test func moreTokensThanAreLookedAt() {
        let tokens = (0..<9).map { Issue.token("{\"iss\":\"https://i\",\"sub\":\"\($0)\"}") }
        let engine = Issue.engine(Issue.rule())
        #expect(engine.check(Sample.request(fields: tokens.prefix(8).map(Issue.bearer))).claims.count == 8)
        #expect(engine.check(Sample.request(fields: tokens.map(Issue.bearer))).fault == .notVerified)
        let spread = Issue.engine(
            Issue.rule { $0.parameters = ["a"] },
            Issue.rule("https://j") { $0.parameters = ["b"] }
        )
        let query = tokens.prefix(5).map { "a=\($0)" } + tokens.suffix(4).map { "b=\($0)x" }
        #expect(
            spread.check(Sample.request(query: "b=x&" + query.joined(separator: "&"))).fault == nil,
            "rule a is enough"
        )
    }
}
