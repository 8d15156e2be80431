import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Random policies against a second reading of what they mean.
struct AuthorizationOracleTests {
    @Test(arguments: [11, 22, 33, 44, 55, 66])
    func agreesWithASecondReading(_ seed: UInt64) {
        var random = Draw(state: seed)
        var verdicts = [true: 0, false: 0]
        for round in 0..<120 {
            let policies = (0..<random.number(1...4)).map { Self.policy(&random, $0) }
            let engine = Sample.engine(policies, trustDomains: ["td", "alias"])
            let oracle = AuthorizationOracle(policies: policies, domains: ["td", "alias"])
            #expect(engine.faults.isEmpty)
            for _ in 0..<12 {
                let request = Self.request(&random)
                let expected = oracle.allows(request)
                verdicts[expected, default: 0] += 1
                #expect(
                    engine.allows(request) == expected,
                    "seed \(seed), round \(round): \(policies) on \(request) by \(request.connection.peer?.uri ?? "nobody")"
                )
            }
        }
        // Neither answer may be the rule: then the test would see nothing.
        #expect(verdicts.values.allSatisfy { $0 > 150 }, "\(verdicts)")
    }

    struct Draw: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state ^ (self.state >> 29)
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
        mutating func one(_ choices: [String]) -> String { choices.randomElement(using: &self) ?? "" }
        mutating func some(_ choices: [String], chance: Int) -> [String] {
            guard self.number(1...100) <= chance else { return [] }
            return (0..<self.number(1...3)).map { _ in self.one(choices) }
        }
    }

    static func policy(_ draw: inout Draw, _ place: Int) -> Policy {
        let rules = (0..<draw.number(0...3)).map { _ in Self.rule(&draw) }
        return Sample.policy(draw.number(0...2) == 0 ? .deny : .allow, name: "p\(place)", namespace: "ns-1", rules)
    }

    static let principals = [
        "td/ns/ns-1/sa/a", "alias/ns/ns-2/sa/b", "td/ns/ns-1/*", "*/sa/b", "*", "cluster.local/ns/ns-2/sa/a", "t*",
        "other/*",
    ]
    static let namespaces = ["ns-1", "ns-2", "ns*", "*-2", "*", "ns"]
    static let blocks = ["10.0.0.0/8", "10.1.2.3", "10.1.0.0/16", "0.0.0.0/0", "192.0.2.0/25"]
    static let paths = ["/a", "/a*", "*/b", "*", "/{*}", "/a/{**}", "/{*}/{**}/b", "/a/{*}/b"]
    static let headers = ["1", "2", "1*", "*2", "*", "1,2"]

    static func rule(_ draw: inout Draw) -> Policy.Rule {
        let from = (0..<draw.number(0...2)).map { _ in
            Policy.Source.with {
                $0.principals = draw.some(Self.principals, chance: 35)
                $0.notPrincipals = draw.some(Self.principals, chance: 15)
                $0.namespaces = draw.some(Self.namespaces, chance: 20)
                $0.notNamespaces = draw.some(Self.namespaces, chance: 15)
                $0.serviceAccounts = draw.some(["a", "ns-1/a", "ns-2/b", "b"], chance: 15)
                $0.notServiceAccounts = draw.some(["a", "ns-2/b"], chance: 10)
                $0.ipBlocks = draw.some(Self.blocks, chance: 20)
                $0.notIpBlocks = draw.some(Self.blocks, chance: 10)
                $0.trustDomains = draw.some(["td", "al*", "*", "*as", "o*r"], chance: 10)
                $0.notTrustDomains = draw.some(["td", "al*"], chance: 10)
                $0.requestPrincipals = draw.some(["i/u", "i/*", "*/v", "*"], chance: 10)
                $0.notRequestPrincipals = draw.some(["i/u", "i/*", "*/v", "*"], chance: 10)
                if $0 == Policy.Source() { $0.notNamespaces = ["nowhere"] }
            }
        }
        let to = (0..<draw.number(0...2)).map { _ in
            Policy.Operation.with {
                $0.hosts = draw.some(["b.apps", "*.apps", "b*", "b.apps:80", "*"], chance: 25)
                $0.notHosts = draw.some(["b.apps", "*.apps", "c*"], chance: 15)
                $0.ports = draw.some(["80", "8080"], chance: 20)
                $0.notPorts = draw.some(["80", "8080"], chance: 10)
                $0.methods = draw.some(["GET", "PUT", "P*", "*T"], chance: 25)
                $0.notMethods = draw.some(["GET", "PUT", "P*"], chance: 15)
                $0.paths = draw.some(Self.paths, chance: 35)
                $0.notPaths = draw.some(Self.paths, chance: 15)
                if $0 == Policy.Operation() { $0.ports = ["80", "8080"] }
            }
        }
        let when = (0..<draw.number(0...1)).map { _ in
            Policy.Condition.with {
                $0.key = draw.one(["request.headers[x-a]", "request.auth.claims[role]", "source.ip"])
                let values = $0.key == "source.ip" ? Self.blocks : Self.headers
                $0.values = draw.some(values, chance: 70)
                $0.notValues = draw.some(values, chance: 40)
                if $0.values.isEmpty, $0.notValues.isEmpty { $0.notValues = ["203.0.113.1"] }
            }
        }
        return Sample.rule(from: from, to: to, when: when)
    }

    static func request(_ draw: inout Draw) -> RequestView {
        let peer =
            draw.number(0...9) == 0
            ? nil
            : "\(draw.one(["td", "td", "alias", "other"]))/ns/\(draw.one(["ns-1", "ns-2"]))/sa/\(draw.one(["a", "b"]))"
        var fields: [HeaderField] = []
        for _ in 0..<draw.number(0...2) { fields.append(HeaderField("x-a", draw.one(["1", "2", "12"]))) }
        var tokens: [ClaimValue] = []
        if draw.number(0...1) == 0 {
            let roles = (0..<draw.number(0...2)).map { _ in ClaimValue.string(draw.one(["1", "2"])) }
            tokens = [
                .token([
                    ("iss", .string(draw.one(["i", "j"]))), ("sub", .string(draw.one(["u", "v"]))),
                    ("role", .list(roles)),
                ])
            ]
        }
        return Sample.request(
            draw.one(["GET", "PUT", "POST", "get", "Put"]),
            draw.one(["/a", "/a/b", "/ab", "/a/x/b", "/b", "/", "/a//b"]),
            authority: draw.one(["b.apps", "B.apps:80", "c.apps", "b.apps.", "b.apps:8080", "x"]),
            fields: fields,
            tokens: tokens,
            connection: Sample.connection(
                peer: peer,
                source: "\(draw.one(["10.1.2.3", "10.2.2.3", "192.0.2.77", "192.0.2.177"])):4000",
                destination: "240.240.0.1:\(draw.one(["80", "8080"]))"
            )
        )
    }
}
