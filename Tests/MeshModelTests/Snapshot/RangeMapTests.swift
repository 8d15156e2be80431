import Testing

@testable import MeshModel

@Suite struct RangeMapTests {
    private static func service(
        _ name: String,
        _ blocks: String...,
        namespace: String = "shop",
        network: String = "",
        change: (inout Service) -> Void = { _ in }
    ) -> Service {
        Mesh.service(name, nil, namespace: namespace) { service in
            service.ranges = blocks.compactMap { block in
                let parts = block.split(separator: "/")
                guard let base = parts.first, let length = parts.last.flatMap({ Int($0) }) else { return nil }
                return NetworkRange(network: network, base: Mesh.ip(String(base)), prefixLength: length)
            }
            change(&service)
        }
    }

    private static func map(_ services: Service...) -> RangeMap {
        var map = RangeMap()
        for service in services { map.insert(ServiceRecord(service)) }
        return map
    }

    private func find(_ address: String, in map: RangeMap, from namespace: String = "zoo", network: String = "")
        -> String?
    {
        map.service(containing: NetworkAddress(network: network, ip: Mesh.ip(address)), from: namespace)?.name
    }

    @Test("42: the longest block wins, in either family")
    func longest() {
        let map = Self.map(
            Self.service("wide", "10.0.0.0/8", "fd00::/8"),
            Self.service("narrow", "10.1.0.0/16", "fd00:1::/32"),
            Self.service("all", "0.0.0.0/0")
        )
        #expect(self.find("10.1.2.3", in: map) == "narrow")
        #expect(self.find("10.2.2.3", in: map) == "wide")
        #expect(self.find("11.0.0.1", in: map) == "all")
        #expect(self.find("fd00:1::5", in: map) == "narrow")
        #expect(self.find("fd00:2::5", in: map) == "wide")
        #expect(self.find("2001::1", in: map) == nil, "an IPv4 block of everything holds no IPv6 address")
    }

    @Test("42: a wider block of the client's namespace beats a longer one of another")
    func ownNamespaceFirst() {
        let map = Self.map(
            Self.service("narrow", "10.1.0.0/16", namespace: "attic"),
            Self.service("wide", "10.0.0.0/8"),
            Self.service("wider", "0.0.0.0/0")
        )
        #expect(self.find("10.1.2.3", in: map, from: "shop") == "wide")
        #expect(self.find("10.1.2.3", in: map, from: "zoo") == "narrow")
    }

    @Test("41: a block that the client may not see is passed over")
    func visibility() {
        let map = Self.map(
            Self.service("hidden", "10.1.0.0/16") { $0.visibility = .ownNamespace },
            Self.service("wide", "10.0.0.0/8")
        )
        #expect(self.find("10.1.2.3", in: map, from: "zoo") == "wide")
        #expect(self.find("10.1.2.3", in: map, from: "shop") == "hidden")
    }

    @Test("42: of equal blocks the canonical service wins, then the first by key; networks are apart")
    func ties() {
        let map = Self.map(
            Self.service("b", "10.0.0.0/8", namespace: "attic"),
            Self.service("c", "10.255.0.0/8", namespace: "barn") { $0.isCanonical = true },
            Self.service("a", "10.0.0.0/8", namespace: "cellar"),
            Self.service("far", "10.0.0.0/8", network: "n2")
        )
        #expect(self.find("10.1.2.3", in: map) == "c")
        #expect(self.find("10.1.2.3", in: map, network: "n2") == "far")
        #expect(self.find("10.1.2.3", in: map, network: "n3") == nil)
    }

    @Test("42: a block goes with its service, and an empty map is as new")
    func removal() {
        let narrow = ServiceRecord(Self.service("narrow", "10.1.0.0/16", "10.1.7.7/16"))
        let wide = ServiceRecord(Self.service("wide", "10.0.0.0/8", "fd00::/8"))
        var map = RangeMap()
        map.insert(narrow)
        map.insert(wide)
        map.remove(narrow)
        #expect(self.find("10.1.2.3", in: map) == "wide")
        map.remove(wide)
        #expect(map == RangeMap())
    }
}
