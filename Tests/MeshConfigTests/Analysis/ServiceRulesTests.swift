import MeshConfig
import Testing

@Suite("Analysis of services and identities")
struct ServiceRulesTests {
    @Test("TUL0401: the same host twice, told at the younger entry")
    func hosts() {
        let older = Make.entry("z", created: 1)
        let younger = Make.entry("a", created: 2)
        let found = Analyzer.findings(in: [younger, older])
        #expect(found.map(\.code) == [.hostnameTwice])
        #expect(found.first?.key?.name == "a")
        #expect(codes([older, Make.entry("a", in: "other")]) == [.hostnameTwice])
        #expect(codes([older, Make.entry("a", hosts: ["other.example.com"])]).isEmpty)
        #expect(codes([Make.entry(hosts: ["a.example.com", "a.example.com"])]).isEmpty)
    }

    @Test("TUL0402 and TUL0404: addresses that overlap")
    func addresses() {
        func pair(_ first: String, _ second: String, host: String = "b.example.com") -> [FindingCode] {
            codes([Make.entry("a", addresses: [first]), Make.entry("b", hosts: [host], addresses: [second])])
        }
        #expect(pair("10.0.0.1", "10.0.0.1") == [.addressTwice])
        #expect(pair("10.0.0.1", "10.0.0.1/32") == [.addressTwice])
        #expect(pair("10.0.0.0/24", "10.0.0.9/24") == [.addressTwice])
        #expect(pair("2001:2::1", "2001:2:0::1") == [.addressTwice])
        #expect(pair("10.0.0.0/24", "10.0.0.1") == [.addressInsideBlock])
        #expect(pair("10.0.0.1", "10.0.0.0/24") == [.addressInsideBlock])
        #expect(pair("10.0.0.0/24", "10.0.1.0/24").isEmpty)
        #expect(pair("10.0.0.1", "10.0.0.2").isEmpty)
        #expect(pair("nonsense", "10.0.0.0/99").isEmpty)
        #expect(pair("10.0.0.1", "10.0.0.1", host: "pay.example.com") == [.hostnameTwice])
    }

    @Test("TUL0402 sees the mesh's own addresses too, and names the declared one")
    func meshAddresses() {
        let facts = AnalysisFacts(services: [Make.service(addresses: ["240.240.0.1"])])
        let found = Analyzer.findings(in: [Make.entry(addresses: ["240.240.0.1"])], facts: facts)
        #expect(found.map(\.code) == [.addressTwice])
        #expect(found.first?.key?.description == "ServiceEntry/shop/pay")
        #expect(codes([Make.entry(addresses: ["240.240.0.2"])], facts).isEmpty)
        let own = AnalysisFacts(services: [
            .init(namespace: "shop", name: "pay", hostname: "pay.example.com", addresses: ["240.240.0.1"])
        ])
        #expect(codes([Make.entry(addresses: ["240.240.0.1"])], own).isEmpty, "the mesh's view of the entry itself")
    }

    @Test("TUL0403: ports that disagree")
    func ports() {
        func entry(_ name: String, _ transport: String, port: UInt16 = 80) -> DeclaredResource {
            Make.entry(name, ports: [.init(number: port, name: "p", protocol: transport)])
        }
        #expect(codes([entry("a", "HTTP"), entry("b", "TCP")]) == [.portConflict, .hostnameTwice])
        #expect(codes([entry("a", "HTTP"), entry("b", "HTTP")]) == [.hostnameTwice])
        #expect(codes([entry("a", "HTTP"), entry("b", "TCP", port: 81)]) == [.hostnameTwice])
    }

    @Test("TUL0501: a namespace that is not declared, once, where others are")
    func namespaces() {
        let mesh = [Make.namespace("other"), Make.entry("a"), Make.entry("b", hosts: ["b.example.com"])]
        #expect(codes(mesh) == [.namespaceUndeclared])
        #expect(codes(mesh + [Make.namespace("shop")]).isEmpty)
        #expect(codes([Make.entry()]).isEmpty)
        #expect(codes([Make.namespace("other"), Make.entry(in: "tulle-system")]).isEmpty)
    }

    private static func binding(_ name: String, _ role: String, _ account: String = "web") -> DeclaredResource {
        Make.resource(
            name,
            .serviceAccountBinding(.init(role: role, namespace: "shop", serviceAccount: account))
        )
    }

    @Test("TUL0502: a role that runs and is not bound, once")
    func unbound() {
        let facts = AnalysisFacts(roles: [
            .init(arn: "arn:r", user: "service web"), .init(arn: "arn:r", user: "service b"),
        ])
        let found = Analyzer.findings(in: [Self.binding("a", "arn:other")], facts: facts)
        #expect(found.map(\.code) == [.roleUnbound])
        #expect(found.first?.description.hasPrefix("Error [TUL0502] service web runs with the role arn:r") == true)
        #expect(codes([Self.binding("a", "arn:r")], facts).isEmpty)
    }

    @Test("TUL0503: a role that is two accounts, told at each binding")
    func boundTwice() {
        let both = [Self.binding("a", "arn:r"), Self.binding("b", "arn:r", "api")]
        #expect(codes(both) == [.roleBoundTwice, .roleBoundTwice])
        #expect(codes([Self.binding("a", "arn:r"), Self.binding("b", "arn:r")]).isEmpty)
        #expect(codes([Self.binding("a", "arn:r"), Self.binding("b", "arn:s", "api")]).isEmpty)
    }
}

@Suite("Analysis of a large mesh")
struct LargeMeshTests {
    @Test("finds the one fault among thousands of resources")
    func large() {
        let numbers = 0..<3000
        let services = numbers.map { Make.service("s\($0)", in: "n\($0 % 50)", waypoint: "infra/waypoint") }
        let facts = AnalysisFacts(
            services: services + [Make.service("waypoint", in: "infra")],
            workloads: numbers.map { Make.workload("s\($0)", in: "n\($0 % 50)", labels: ["app": "s\($0)"]) }
        )
        let rule = Make.from { $0.namespaces = ["infra"] }
        var resources = numbers.flatMap { number in
            [
                Make.resource(
                    "p\(number)",
                    in: "n\(number % 50)",
                    .authorizationPolicy(.init(selector: .init(matchLabels: ["app": "s\(number)"]), rules: [rule]))
                ),
                Make.resource(
                    "d\(number)",
                    in: "n\(number % 50)",
                    .route(.destinationRule, ["host": .string("s\(number).n\(number % 50).mesh.internal")])
                ),
            ]
        }
        resources.append(Make.waypoint(in: "infra"))
        #expect(codes(resources, facts).isEmpty)
        resources.append(Make.resource("wrong", in: "n7", .route(.destinationRule, ["host": "s8"])))
        #expect(codes(resources, facts) == [.destinationHostUnknown])
    }
}
