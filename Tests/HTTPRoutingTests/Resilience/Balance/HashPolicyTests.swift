import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Keys of consistent choices")
struct HashPolicyTests {
    private func policy(
        _ kind: TulleL7.HashKey.Kind,
        _ name: String = "",
        _ change: (inout TulleL7.HashKey) -> Void = { _ in }
    ) throws -> HashPolicy {
        var key = TulleL7.HashKey()
        key.kind = kind
        key.name = name
        change(&key)
        let balancer = ClusterLab.balancer(.ringHash) { $0.hash = key }
        return try #require(HashPolicy(balancer))
    }

    @Test("a header's values count, in any order")
    func header() throws {
        let policy = try self.policy(.header, "X-User")
        #expect(policy.key(of: RequestLab.request([("x-user", "ann")])).hash == XXHash64.hash("ann"))
        #expect(policy.key(of: RequestLab.request()) == HashPolicy.Key())
        let one = policy.key(of: RequestLab.request([("x-user", "a"), ("x-user", "b")]))
        #expect(one == policy.key(of: RequestLab.request([("x-user", "b"), ("x-user", "a")])))
        #expect(one.hash != policy.key(of: RequestLab.request([("x-user", "a")])).hash)
    }

    @Test("a query's first parameter of the name counts")
    func query() throws {
        let policy = try self.policy(.query, "user")
        #expect(policy.key(of: RequestLab.request(query: "x=1&user=ann&user=bob")).hash == XXHash64.hash("ann"))
        #expect(policy.key(of: RequestLab.request(query: "user")).hash == XXHash64.hash(""))
        #expect(policy.key(of: RequestLab.request(query: "users=1")).hash == nil)
        #expect(policy.key(of: RequestLab.request()).hash == nil)
    }

    @Test("the source's address counts, not its port")
    func source() throws {
        let policy = try self.policy(.sourceIp)
        let key = policy.key(of: RequestLab.request(port: 1))
        #expect(key.hash != nil)
        #expect(key == policy.key(of: RequestLab.request(port: 2)))
        #expect(key != policy.key(of: RequestLab.request(source: 0x0a01_0102)))
        #expect(policy.key(of: RequestLab.request().connection) == key.hash)
        #expect(try self.policy(.header, "a").key(of: RequestLab.request().connection) == nil)
    }

    @Test(
        "a cookie that is there counts and is not made again",
        arguments: ["u=ann", "a=b; u=ann", "u=\"ann\"; u=bob"]
    )
    func cookie(_ field: String) throws {
        let policy = try self.policy(.cookie, "u") { $0.makesCookie = true }
        #expect(policy.key(of: RequestLab.request([("cookie", field)])) == HashPolicy.Key(hash: XXHash64.hash("ann")))
    }

    @Test("a cookie that is missing is made as it is wanted, and leads to the same endpoint")
    func making() throws {
        let policy = try self.policy(.cookie, "u") {
            $0.makesCookie = true
            $0.cookieSeconds = 60
            $0.cookiePath = "/shop"
            var attribute = TulleL7.Header()
            attribute.name = "SameSite"
            attribute.value = "Strict"
            $0.cookieAttributes = [attribute]
        }
        let key = policy.key(of: RequestLab.request())
        let cookie = try #require(key.cookie)
        let value = cookie.prefix { $0 != ";" }
        #expect(cookie == "\(value); Max-Age=60; Path=/shop; SameSite=Strict; HttpOnly")
        #expect(value.utf8.count == 2 + 16)
        #expect(policy.key(of: RequestLab.request([("cookie", String(value))])) == HashPolicy.Key(hash: key.hash))
        #expect(policy.key(of: RequestLab.request(port: 4001)) != key)
    }

    @Test("without a lifetime no cookie is made, and any endpoint will do")
    func passive() throws {
        #expect(try self.policy(.cookie, "u").key(of: RequestLab.request()) == HashPolicy.Key())
        let session = try self.policy(.cookie, "u") { $0.makesCookie = true }.key(of: RequestLab.request())
        #expect(session.cookie?.contains("Max-Age") == false)
    }

    @Test("other algorithms have no key")
    func none() {
        #expect(HashPolicy(nil) == nil)
        #expect(HashPolicy(ClusterLab.balancer(.random) { $0.hash = TulleL7.HashKey() }) == nil)
        #expect(HashPolicy(ClusterLab.balancer(.maglev)) == nil)
    }
}
