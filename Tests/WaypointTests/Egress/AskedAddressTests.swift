import DataPlaneTestSupport
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Connections that keep the address that was asked for", .serialized)
struct AskedAddressTests {
    private static let keeps: @Sendable (inout TulleL7.Cluster) -> Void = { $0.keepsDestination = true }

    /// Both applications' addresses, one by itself and one in a block.
    private static func addresses(_ service: inout Service, _ place: WaypointBench.Place) {
        service.vips = [NetworkAddress(network: "", ip: place.endpoints[0].ip)]
        service.ranges = [
            NetworkRange(network: "", base: place.endpoints[1].ip.prefix(32), prefixLength: 32),
            // Two to the power of three addresses, where nobody is.
            NetworkRange(network: "", base: EgressPlace.address(place.number, 200), prefixLength: 29),
        ]
        service.loadBalancing.mode = .passthrough
    }

    @Test("I74, I75: resolution NONE, by an address and by a block")
    func requests() throws {
        try EgressPlace.with("kept.test", service: Self.addresses, cluster: Self.keeps) { (place, backends) throws in
            for _ in 0..<2 {
                #expect(try place.ask("any.test", at: "\(place.one.ip):80").text == "one")
                #expect(try place.ask("any.test", at: "\(place.two.ip):80").text == "two")
            }
            // Each address has its own connections.
            #expect(backends.map(\.connections) == [1, 1])
            let number = UInt16(truncatingIfNeeded: (place.one.ip.v4 ?? 0) >> 8)
            let nobody = try place.ask("any.test", "/nobody", at: "\(EgressPlace.address(number, 201)):80")
            #expect(nobody.status == 503)
            #expect(place.bench.logs("GET /nobody ", " 503 UF"))
            #expect(throws: TestClient.Refused.self) {
                try place.ask("any.test", at: "\(EgressPlace.address(number, 208)):80")
            }
            #expect(throws: TestClient.Refused.self) { try place.ask("any.test", at: "\(place.one.ip):81") }
            #expect(place.names.asked.isEmpty)
        }
    }

    @Test("bytes as well")
    func bytes() throws {
        try EgressPlace.with(
            "kept.test",
            spoken: .tcp,
            service: Self.addresses,
            cluster: {
                $0.keepsDestination = true
                $0.protocol = .tcp
            },
            serve: { name, address in
                _ = try #require(
                    TestSocket.serve(address.ip, port: address.port) { socket in
                        socket.send(Array(name.utf8))
                        socket.finish()
                    }
                )
            }
        ) { (place, _) throws in
            for (address, name) in [(place.one, "one"), (place.two, "two")] {
                let raw = try place.bench.client.raw("\(address.ip):80")
                #expect(raw.waitForEnd())
                #expect(raw.seen.text == name)
                try raw.finish()
            }
        }
    }

    @Test("an address that is the entry's no more, or another service's, is not connected to")
    func others() throws {
        try EgressPlace.with("kept.test", service: Self.addresses, cluster: Self.keeps) { (place, backends) throws in
            let connection = try place.bench.client.connect("\(place.one.ip):80")
            let head = HTTPRequestHead(method: "GET", authority: "any.test", path: "/")
            #expect(try connection.request(head).text == "one")
            // A route of another service leads here: what it was asked for is not this entry's.
            try place.bench.change {
                $0.clusters += EgressPlace.resource("kept.test", Self.keeps).clusters
                $0.route { $0.forward = .to("outbound|80||kept.test") }
            }
            let stray = try place.bench.request(.get("/stray"))
            #expect(stray.status == 503)
            #expect(place.bench.logs("GET /stray ", " 503 UH"))
            var change = MeshChange()
            var entry = Service(key: NamespacedHostname(namespace: "demo", hostname: "kept.test"), name: "outside")
            entry.ports = [ServicePort(port: 80, targetPort: 8080, appProtocol: .http11)]
            entry.vips = [NetworkAddress(network: "", ip: place.two.ip)]
            change.services = [entry]
            try place.bench.changeMesh(change)
            #expect(try connection.request(head).status == 503)
            #expect(backends[0].requests.count == 1)
        }
    }

    @Test("a block that holds addresses of hosts and of the waypoint itself does not open them")
    func closedAddresses() throws {
        try EgressPlace.with(
            "all.test",
            service: { service, _ in
                service.vips = []
                service.ranges = [NetworkRange(network: "", base: IPAddress(v4: 0), prefixLength: 0)]
            },
            cluster: Self.keeps
        ) { (place, _) throws in
            let number = UInt16(truncatingIfNeeded: (place.one.ip.v4 ?? 0) >> 8)
            #expect(try place.ask("any.test", at: "\(place.one.ip):80").text == "one")
            for text in ["169.254.169.254", "169.254.170.2", "\(EgressPlace.address(number, 1))"] {
                #expect(throws: TestClient.Refused.self, "\(text)") { try place.ask("any.test", at: "\(text):80") }
            }
            #expect(try place.ask("any.test", at: "224.0.0.1:80").status == 503)
        }
    }

    @Test("a mesh's own workload at the address is reached by its tunnel")
    func workloads() throws {
        try EgressPlace.with(
            "kept.test",
            service: Self.addresses,
            mesh: { change, place in
                change.workloads.append(try TestMesh.workload("inside", place.endpoints[0].ip, port: 8080))
            },
            cluster: Self.keeps
        ) { (place, backends) throws in
            // Its address is the entry's as well, which comes first; nobody answers at its port for tunnels.
            #expect(try place.ask("any.test", at: "\(place.one.ip):80").status == 503)
            #expect(backends[0].connections == 0)
        }
    }
}
