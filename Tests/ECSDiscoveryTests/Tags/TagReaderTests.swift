import ECSDiscovery
import Testing

struct TagReaderTests {
    private static func settings(_ tags: [String: String]) -> ObservedSettings {
        TagReader().settings(tags)
    }

    @Test
    func readsEveryTag() {
        let settings = Self.settings([
            "tulle/discovery-enabled": "true", "tulle/namespace": "shop", "tulle/service-account": "echo",
            "tulle/hostname": "echo.example.com www.example.com.", "tulle/ports": "tcp:9090/http:80:8080",
            "tulle/mode": "socks", "tulle/waypoint": "shop/wp", "tulle/network": "vpc-1",
            "tulle/locality": "us-east-1/us-east-1a", "tulle/weight": "10", "tulle/policy-mode": "strict",
            "tulle/protocol-detect": "off", "Name": "anything, really",
        ])
        #expect(settings.diagnostics.isEmpty)
        #expect(settings.isDiscoveryEnabled == true)
        #expect(settings.namespace == "shop")
        #expect(settings.serviceAccount == "echo")
        #expect(settings.hostnames == ["echo.example.com", "www.example.com"])
        #expect(settings.ports?.map(\.description) == ["http:80:8080", "tcp:9090:9090"])
        #expect(settings.captureMode == .socks)
        #expect(settings.waypoint == "shop/wp")
        #expect(settings.network == "vpc-1")
        #expect(settings.locality == "us-east-1/us-east-1a")
        #expect(settings.weight == 10)
        #expect(settings.isStrict == true)
        #expect(settings.detectsProtocol == false)
    }

    @Test
    func readsTheOtherProductsKeysWhenOursAreAbsent() {
        let settings = Self.settings([
            "ecs.solo.io/namespace": "theirs", "ecs.solo.io/service-account": "sa", "tulle/namespace": "ours",
            "ecs.solo.io/ports": "http:80", "ecs.solo.io/resource": "bookkeeping",
        ])
        #expect(settings.namespace == "ours")
        #expect(settings.serviceAccount == "sa")
        #expect(settings.ports?.map(\.port) == [80])
        #expect(settings.diagnostics.isEmpty)
    }

    @Test
    func aBrokenTagOfOursDoesNotBringBackTheirs() {
        let settings = Self.settings(["ecs.solo.io/namespace": "theirs", "tulle/namespace": "Not A Label"])
        #expect(settings.namespace == nil)
        #expect(settings.diagnostics.map(\.key) == ["tulle/namespace"])
    }

    @Test(arguments: [
        ("discovery-enabled", "yes"), ("discovery-enabled", "True"), ("namespace", ""), ("namespace", "a.b"),
        ("namespace", "-a"), ("namespace", "a-"), ("namespace", "é"),
        ("service-account", String(repeating: "a", count: 64)),
        ("hostname", "one"), ("hostname", ""), ("hostname", "a..b"), ("hostname", "10.0.0.1"), ("hostname", "*.a.b"),
        ("hostname", "a.b a.b"), ("hostname", "a.b c.d e.f g.h i.j k.l m.n o.p q.r"), ("mode", "envoy"),
        ("waypoint", "a/b/c"), ("waypoint", "/b"), ("network", "a b"), ("locality", "a/b/c/d"), ("weight", "0"),
        ("weight", "1001"), ("weight", "+x"), ("policy-mode", "STRICT"), ("protocol-detect", "true"), ("portz", "80"),
        ("ports", ""), ("ports", "80"), ("ports", "http"), ("ports", "http:"), ("ports", "http:0"),
        ("ports", "http:65536"), ("ports", "http:-1"), ("ports", "http:+1"), ("ports", "http:80:"),
        ("ports", "http:80:8080:1"), ("ports", "udp:53"), ("ports", "http:80/"), ("ports", "http:80//tcp:9"),
        ("ports", "http:80/tcp:80"), ("ports", "tcp:80:15008"), ("ports", "http:99999999999999999999"),
        ("ports", (1...33).map { "tcp:\($0)" }.joined(separator: "/")),
        // Larger than AWS takes them, and meant for whoever prints, splits or looks up what is in them.
        ("namespace", "shop\nadmin"), ("namespace", "shop\u{0}"), ("namespace", "../../etc"),
        ("namespace", "\u{1b}[2J"), ("namespace", "shop/sa/admin"), ("service-account", "a\u{202e}b"),
        ("hostname", "metadata.google.internal\u{0}.a.b"), ("hostname", "a.b\n*.c.d"),
        ("hostname", String(repeating: "a.", count: 500_000) + "b"),
        ("ports", String(repeating: "/", count: 1_000_000)), ("waypoint", String(repeating: "/", count: 1_000_000)),
        ("locality", String(repeating: "a/", count: 500_000)), ("weight", String(repeating: "9", count: 1_000_000)),
    ])
    func saysWhatIsWrongAndTakesNothing(_ name: String, _ value: String) throws {
        let settings = Self.settings(["tulle/\(name)": value])
        var expected = ObservedSettings()
        expected.diagnostics = settings.diagnostics
        #expect(settings == expected)
        let diagnostic = try #require(settings.diagnostics.first)
        #expect(settings.diagnostics.count == 1)
        #expect(diagnostic.key == "tulle/\(name)")
        #expect(!diagnostic.reason.isEmpty)
    }

    @Test
    func takesAnOrganisationsOwnPrefix() {
        let settings = TagReader(prefix: "mesh.example.com/").settings([
            "mesh.example.com/namespace": "a", "tulle/namespace": "b", "tulle/unknown": "c",
        ])
        #expect(settings.namespace == "a")
        #expect(settings.diagnostics.isEmpty)
    }

    @Test
    func takesPortsAtTheirLimits() {
        let settings = Self.settings(["tulle/ports": "http:1:65535/http2:65535:1/grpc:2/tls:3"])
        #expect(settings.ports?.map(\.description) == ["http:1:65535", "grpc:2:2", "tls:3:3", "http2:65535:1"])
        #expect(settings.ports?.allSatisfy { $0.source == .tag } == true)
    }
}
