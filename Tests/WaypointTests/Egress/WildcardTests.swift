import DataPlaneTestSupport
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("A wildcard whose names are resolved for each request", .serialized)
struct WildcardTests {
    private static let wildcard = "*.wild.test"
    private static let resolves: @Sendable (inout TulleL7.Cluster) -> Void = { $0.resolvesAuthority = true }

    @Test("I92: each request goes where its own name leads, on the declared port")
    func requests() throws {
        try EgressPlace.with(Self.wildcard, cluster: Self.resolves) { (place, backends) throws in
            place.names.set("a.wild.test", [place.one.ip])
            place.names.set("b.deep.wild.test", [place.two.ip])
            let connection = try place.bench.client.connect(EgressPlace.authority)
            for (host, name) in [
                ("a.wild.test", "one"), ("b.deep.wild.test", "two"), ("A.Wild.TEST.", "one"), ("a.wild.test:22", "one"),
            ] {
                let answer = try connection.request(HTTPRequestHead(method: "GET", authority: host, path: "/"))
                #expect(answer.text == name, "\(host)")
            }
            // Requests of one name share its connections; TTLs are the answers', so DNS is asked once for each family.
            #expect(backends.map(\.connections) == [1, 1])
            #expect(
                place.names.asked.sorted() == ["a.wild.test", "a.wild.test", "b.deep.wild.test", "b.deep.wild.test"]
            )
            #expect(place.bench.logs("GET / ", " 200 ", "b.deep.wild.test:8080"))
        }
    }

    @Test("what is not below the wildcard is 404 and nobody asks for its name")
    func foreignNames() throws {
        let own = NamespacedHostname(namespace: "demo", hostname: "own.wild.test")
        try EgressPlace.with(
            Self.wildcard,
            records: ["own.wild.test": [IPAddress(v4: 0x7f00_0001)]],
            mesh: { change, _ in change.services.append(Service(key: own, name: "own")) },
            cluster: Self.resolves
        ) { (place, backends) throws in
            for host in [
                "wild.test", ".wild.test", "evil.test", "evilwild.test", "a.wild.test.evil.test", "127.0.0.1",
                "[::1]", "*.wild.test", "a..wild.test", "own.wild.test", "OWN.wild.test.:80",
            ] {
                let answer = try place.ask(host, "/\(host)")
                #expect(answer.status == 404 || answer.status == 400, "\(host): \(answer.status)")
            }
            #expect(place.bench.logs("GET /evil.test ", " 404 NR "))
            #expect(place.names.asked.isEmpty)
            #expect(backends.allSatisfy { $0.connections == 0 })
        }
    }

    @Test("a rewritten authority is the one that counts")
    func rewritten() throws {
        try EgressPlace.with(Self.wildcard, cluster: Self.resolves) { (place, _) throws in
            place.names.set("a.wild.test", [place.one.ip])
            var resource = EgressPlace.resource(Self.wildcard, Self.resolves)
            for (path, host) in [("/in", "a.wild.test"), ("/out", "evil.test")] {
                resource.route({ $0.path = .with { $0.value = path } }) {
                    $0.forward = .to("outbound|80||\(Self.wildcard)")
                    $0.rewrite = .with { $0.authority = host }
                }
            }
            try place.bench.tell(resource)
            #expect(try place.ask("other.test", "/in").text == "one")
            #expect(try place.ask("a.wild.test", "/out").status == 404)
            #expect(Set(place.names.asked) == ["a.wild.test"])
        }
    }

    @Test("277: a name without addresses is 503, DF")
    func unknown() throws {
        try EgressPlace.with(Self.wildcard, cluster: Self.resolves) { (place, _) throws in
            let answer = try place.ask("nobody.wild.test", "/none")
            #expect(answer.status == 503)
            #expect(place.bench.logs("GET /none ", " 503 DF", "dns_resolution_failure"))
        }
    }

    @Test("no name leads to the waypoint, its host, metadata or into the mesh")
    func closedAddresses() throws {
        try EgressPlace.with(Self.wildcard, cluster: Self.resolves) { (place, _) throws in
            func closed(_ text: String) throws -> IPAddress { try #require(IPAddress(parsing: text)) }
            let number = UInt16(truncatingIfNeeded: (place.one.ip.v4 ?? 0) >> 8)
            let names: [(String, [IPAddress])] = [
                ("metadata", [try closed("169.254.169.254")]), ("task", [try closed("169.254.170.2")]),
                ("mapped", [try closed("::ffff:169.254.169.254")]), ("six", [try closed("fd00:ec2::254")]),
                ("translated", [try closed("64:ff9b::a9fe:a9fe")]), ("none", [try closed("0.0.0.0")]),
                ("many", [try closed("224.0.0.1")]), ("address", [try closed("240.240.0.9")]),
                ("waypoint", [EgressPlace.address(number, 1)]), ("shell", [EgressPlace.address(number, 2)]),
            ]
            for (name, addresses) in names {
                place.names.set("\(name).wild.test", addresses)
                #expect(try place.ask("\(name).wild.test", "/\(name)").status == 503, "\(name)")
                #expect(place.bench.logs("GET /\(name) ", " 503 UF"), "\(name)")
            }
            // One that is open is enough.
            place.names.set("both.wild.test", [try closed("169.254.169.254"), place.one.ip])
            #expect(try place.ask("both.wild.test").text == "one")
        }
    }

    @Test("I92: TLS that is passed on goes by its server's name")
    func serverNames() throws {
        try EgressPlace.with(
            Self.wildcard,
            spoken: .tls,
            cluster: {
                $0.resolvesAuthority = true
                $0.protocol = .tcp
            },
            serve: { name, address in
                _ = try #require(
                    TestSocket.serve(address.ip, port: address.port) { socket in
                        _ = socket.receive()
                        socket.send(Array("\(name)".utf8))
                        socket.finish()
                    }
                )
            }
        ) { (place, _) throws in
            place.names.set("a.wild.test", [place.one.ip])
            place.names.set("b.wild.test", [place.two.ip])
            for (name, expected) in [("a.wild.test", "one"), ("b.wild.test", "two")] {
                let raw = try place.bench.client.raw(EgressPlace.authority)
                try raw.send(TestHello.bytes(name))
                #expect(raw.waitForEnd())
                #expect(raw.seen.text == expected)
                try raw.finish()
            }
            for (bytes, log) in [
                (TestHello.bytes("evil.test"), " 0 NR "), (TestHello.bytes("nobody.wild.test"), " 0 DF "),
                (Array("no TLS at all".utf8), " 0 NR "),
            ] {
                let raw = try place.bench.client.raw(EgressPlace.authority)
                try raw.send(bytes)
                #expect(raw.waitForOutcome() != nil)
                #expect(raw.seen.bytes.isEmpty)
                #expect(place.bench.logs(log))
            }
            #expect(!place.names.asked.contains("evil.test"))
        }
    }
}
