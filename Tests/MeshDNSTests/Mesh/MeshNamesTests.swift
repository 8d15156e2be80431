import MeshModel
import Testing

@testable import MeshDNS

@Suite struct MeshNamesTests {
    // MARK: Pieces

    static func ip(_ text: String) -> IPAddress { IPAddress(parsing: text) ?? IPAddress(v4: 0) }

    static func service(
        _ hostname: String,
        namespace: String = "ns1",
        name: String = "unnamed",
        _ vips: String...,
        change: (inout Service) -> Void = { _ in }
    ) -> Service {
        var service = Service(key: NamespacedHostname(namespace: namespace, hostname: hostname), name: name)
        service.vips = vips.map { NetworkAddress(network: "", ip: self.ip($0)) }
        change(&service)
        return service
    }

    static func workload(
        _ name: String,
        _ addresses: String...,
        namespace: String = "ns1",
        change: (inout Workload) -> Void = { _ in }
    ) throws -> Workload {
        let identity = try SPIFFEID(trustDomain: "cluster.local", namespace: namespace, serviceAccount: "default")
        var workload = Workload(uid: "uid/\(name)", identity: identity)
        workload.name = name
        workload.addresses = addresses.map(self.ip)
        change(&workload)
        return workload
    }

    /// A mesh, and a client of namespace `ns1` in it.
    struct Setting {
        var names = MeshNames(
            meshDomain: Sent.name("mesh.internal"),
            clusterDomain: Sent.name("cluster.local"),
            search: MeshNames.kubernetesSearch(namespace: "ns1", clusterDomain: Sent.name("cluster.local"))
        )
        var client: Workload
        var snapshot: MeshSnapshot

        init(_ services: [Service], _ workloads: [Workload] = []) throws {
            var change = MeshChange()
            change.services = services
            change.workloads = workloads
            self.snapshot = MeshSnapshot(change)
            self.client = try MeshNamesTests.workload("client", "10.0.0.1")
        }

        func answer(_ name: String, _ type: DNSType = .a, seed: UInt64 = 1) -> MeshNames.Answer? {
            var random = SeededGenerator(state: seed)
            return self.names.answer(
                DNSQuestion(name: Sent.name(name), type: type),
                from: self.client,
                in: self.snapshot,
                random: &random
            )
        }

        /// The records in words and in order; nil where the question is forwarded.
        func say(_ name: String, _ type: DNSType = .a) -> [String]? {
            self.answer(name, type)?.records.map { record in
                switch record.content {
                case .address(let ip): "\(record.name) \(ip)"
                case .alias(let name): "\(record.name) -> \(name)"
                case .other: "?"
                }
            }.sorted { $0.contains("->") && !$1.contains("->") || $0 < $1 && !$1.contains("->") }
        }
    }

    // MARK: Whose names they are

    @Test("types other than A and AAAA are forwarded", arguments: [5, 12, 16, 33, 65, 255] as [UInt16])
    func otherTypes(_ type: UInt16) throws {
        let setting = try Setting([Self.service("known.example", "240.240.0.1")])
        #expect(setting.say("known.example", DNSType(rawValue: type)) == nil)
        #expect(setting.say("known.example") == ["known.example 240.240.0.1"])
    }

    @Test func otherClassesAreForwarded() throws {
        let setting = try Setting([Self.service("known.example", "240.240.0.1")])
        var random = SeededGenerator(state: 1)
        let question = DNSQuestion(name: Sent.name("known.example"), type: .a, classCode: 3)
        let answer = setting.names.answer(question, from: setting.client, in: setting.snapshot, random: &random)
        #expect(answer == nil)
    }

    @Test func aKnownExternalHostIsAnsweredAndAnUnknownOneForwarded() throws {
        let setting = try Setting([Self.service("WWW.Known.example", "240.240.0.1")])
        #expect(setting.say("www.known.example") == ["www.known.example 240.240.0.1"])
        #expect(setting.say("unknown.example") == nil)
        #expect(setting.say("known.example") == nil)
        #expect(setting.say(".") == nil)
    }

    @Test(
        "short names of Kubernetes services",
        arguments: ["echo", "echo.ns1", "echo.ns1.svc", "echo.ns1.svc.cluster.local"]
    )
    func kubernetesNames(_ name: String) throws {
        let setting = try Setting([
            Self.service("echo.ns1.svc.cluster.local", "240.240.0.1"),
            Self.service("far.ns2.svc.cluster.local", namespace: "ns2", "240.240.0.2"),
        ])
        #expect(setting.say(name) == ["\(name) 240.240.0.1"])
        #expect(setting.say("far") == nil)
        #expect(setting.say("far.ns2") == ["far.ns2 240.240.0.2"])
        #expect(setting.say("far.ns1") == nil)
    }

    @Test(
        "names of Tulle's services",
        arguments: [
            ("echo", true), ("echo.ns1", true), ("echo.ns1.mesh.internal", true), ("echo.mesh.internal", false),
        ]
    )
    func meshNames(_ name: String, _ isKnown: Bool) throws {
        let setting = try Setting([
            Self.service("echo.ns1.mesh.internal", name: "echo", "240.240.0.1"),
            Self.service("far.ns2.mesh.internal", namespace: "ns2", name: "far", "240.240.0.2"),
        ])
        #expect(setting.say(name) == (isKnown ? ["\(name) 240.240.0.1"] : nil))
        #expect(setting.say("far") == nil)
        #expect(setting.say("far.ns2") == ["far.ns2 240.240.0.2"])
    }

    @Test func aServiceWithAForeignHostNameAnswersAtItsShortNameToo() throws {
        let setting = try Setting([Self.service("api.example.com", name: "api", "240.240.0.1")])
        #expect(setting.say("api.ns1") == ["api.ns1 240.240.0.1"])
        #expect(setting.say("api") == ["api 240.240.0.1"])
        #expect(setting.say("api.ns2") == nil)
    }

    @Test func aHostNameWinsOverAShortName() throws {
        let setting = try Setting([
            Self.service("api.example.com", name: "api", "240.240.0.1"),
            Self.service("api.ns1", namespace: "ns9", "240.240.0.2"),
        ])
        #expect(setting.say("api.ns1") == ["api.ns1 240.240.0.2"])
    }

    @Test func namesOfTasksAndPodsAreForwarded() throws {
        let setting = try Setting([Self.service("echo.ns1.svc.cluster.local", "240.240.0.1")])
        #expect(setting.say("pod-0.echo.ns1.svc.cluster.local") == nil)
        #expect(setting.say("pod-0.echo.ns1") == nil)
    }

    @Test func aFullNameOfAnotherDomainResolvesAndItsShortFormDoesNot() throws {
        let setting = try Setting([
            Self.service("svc.ns1.svc.clusterset.local", "240.240.0.1", "240.240.0.2", "240.240.0.3")
        ])
        #expect(setting.say("svc.ns1.svc.clusterset.local")?.count == 3)
        #expect(setting.say("svc.ns1.svc") == nil)
        #expect(setting.say("svc.ns1") == nil)
    }

    // MARK: Search lists

    @Test func aNameWithASearchDomainIsAnAliasOfTheRest() throws {
        let setting = try Setting([Self.service("www.example.com", "240.240.0.1")])
        #expect(
            setting.say("www.example.com.ns1.svc.cluster.local") == [
                "www.example.com.ns1.svc.cluster.local -> www.example.com", "www.example.com 240.240.0.1",
            ]
        )
    }

    @Test func aWildcardBehindASearchDomainNeedsNoAlias() throws {
        let setting = try Setting([Self.service("*.example.com", "240.240.0.1")])
        #expect(
            setting.say("www.example.com.svc.cluster.local") == ["www.example.com.svc.cluster.local 240.240.0.1"]
        )
    }

    @Test func theSearchListIsTheClientsOwn() throws {
        var setting = try Setting([Self.service("echo.ns1.mesh.internal", name: "echo", "240.240.0.1")])
        setting.names.search = [Sent.name("eu-west-1.compute.internal")]
        #expect(
            setting.say("echo.ns1.eu-west-1.compute.internal") == [
                "echo.ns1.eu-west-1.compute.internal -> echo.ns1", "echo.ns1 240.240.0.1",
            ]
        )
        #expect(
            setting.say("echo.eu-west-1.compute.internal") == [
                "echo.eu-west-1.compute.internal -> echo", "echo 240.240.0.1",
            ]
        )
        #expect(setting.say("echo.ns1.svc.cluster.local") == nil)
        #expect(setting.say("eu-west-1.compute.internal") == nil)
    }

    // MARK: Wildcards

    @Test func theMostSpecificWildcardWins() throws {
        let setting = try Setting([
            Self.service("*.wildcard", "240.240.0.1"), Self.service("*.b.wildcard", "240.240.0.2"),
            Self.service("c.b.wildcard", "240.240.0.3"),
        ])
        #expect(setting.say("a.wildcard") == ["a.wildcard 240.240.0.1"])
        #expect(setting.say("x.y.wildcard") == ["x.y.wildcard 240.240.0.1"])
        #expect(setting.say("a.b.wildcard") == ["a.b.wildcard 240.240.0.2"])
        #expect(setting.say("c.b.wildcard") == ["c.b.wildcard 240.240.0.3"])
        #expect(setting.say("wildcard") == nil)
    }

    @Test func aWildcardUnderADomainOfOursWorksWithShortNames() throws {
        let setting = try Setting([
            Self.service("*.ns1.svc.cluster.local", "240.240.0.1"),
            Self.service("*.ns1.mesh.internal", "240.240.0.2"),
        ])
        #expect(setting.say("any.ns1.svc.cluster.local") == ["any.ns1.svc.cluster.local 240.240.0.1"])
        #expect(setting.say("any.ns1.mesh.internal") == ["any.ns1.mesh.internal 240.240.0.2"])
        #expect(setting.say("any.ns1.svc") == ["any.ns1.svc 240.240.0.1"])
        #expect(setting.say("any.ns1") == ["any.ns1 240.240.0.2"])
    }

    // MARK: Families and networks

    @Test func aFamilyWithoutAddressIsAnEmptyAnswer() throws {
        let setting = try Setting([
            Self.service("six.example", "2001:2::1"), Self.service("four.example", "240.240.0.1"),
            Self.service("both.example", "240.240.0.1", "2001:2::1"),
        ])
        #expect(setting.say("six.example") == [])
        #expect(setting.say("six.example", .aaaa) == ["six.example 2001:2::1"])
        #expect(setting.say("four.example", .aaaa) == [])
        #expect(setting.say("both.example", .aaaa) == ["both.example 2001:2::1"])
    }

    @Test func withoutIPv6AAAAIsEmpty() throws {
        var setting = try Setting([Self.service("six.example", "2001:2::1")])
        setting.names.isIPv6Enabled = false
        #expect(setting.say("six.example", .aaaa) == [])
    }

    @Test("a service's families decide", arguments: [(Service.Families.v4Only, 1, 0), (.v6Only, 0, 1), (.dual, 1, 1)])
    func families(_ families: Service.Families, _ v4: Int, _ v6: Int) throws {
        let service = Self.service("head.ns1.svc.cluster.local") { $0.families = families }
        let endpoint = try Self.workload("a", "10.1.0.1", "fd00::1") { $0.services = [service.key: []] }
        let setting = try Setting([service], [endpoint])
        #expect(setting.say("head.ns1")?.count == v4)
        #expect(setting.say("head.ns1", .aaaa)?.count == v6)
    }

    @Test func onlyAddressesOfTheClientsNetworkCount() throws {
        let remote = NetworkAddress(network: "far", ip: Self.ip("240.240.0.9"))
        let setting = try Setting([
            Self.service("far.example") { $0.vips = [remote] },
            Self.service("both.example", "240.240.0.1") { $0.vips.append(remote) },
        ])
        #expect(setting.say("far.example") == [])
        #expect(setting.say("both.example") == ["both.example 240.240.0.1"])
        var elsewhere = setting
        elsewhere.client.network = "far"
        #expect(elsewhere.say("both.example") == ["both.example 240.240.0.9"])
    }

    // MARK: Headless services

    @Test func aHeadlessServiceStandsForItsEndpoints() throws {
        let service = Self.service("head.ns1.mesh.internal", name: "head")
        let endpoints = [
            try Self.workload("a", "10.1.0.1", "10.1.0.101", "fd00::1") { $0.services = [service.key: []] },
            try Self.workload("b", "10.1.0.2") { $0.services = [service.key: []] },
            try Self.workload("sick", "10.1.0.3") {
                $0.services = [service.key: []]
                $0.isHealthy = false
            },
            try Self.workload("far", "10.1.0.4") {
                $0.services = [service.key: []]
                $0.network = "far"
            },
        ]
        let setting = try Setting([service], endpoints)
        #expect(setting.say("head.ns1") == ["head.ns1 10.1.0.1", "head.ns1 10.1.0.2"])
        #expect(setting.say("head.ns1.mesh.internal", .aaaa) == ["head.ns1.mesh.internal fd00::1"])
    }

    @Test func aHeadlessServiceWithoutEndpointsIsEmptyNotUnknown() throws {
        let setting = try Setting([Self.service("head.ns1.svc.cluster.local")])
        #expect(setting.say("head.ns1") == [])
    }

    @Test func anExternalHostWithoutAddressIsForwarded() throws {
        let service = Self.service("head.example.com")
        let endpoint = try Self.workload("a", "10.1.0.1") { $0.services = [service.key: []] }
        let setting = try Setting([service], [endpoint])
        #expect(setting.say("head.example.com") == nil)
    }

    // MARK: Choosing

    @Test func theOwnNamespaceThenACanonicalServiceThenThePreferredNamespaceWins() throws {
        let own = Self.service("x.example", namespace: "ns1", "240.240.0.1")
        let canonical = Self.service("x.example", namespace: "ns3", "240.240.0.3") { $0.isCanonical = true }
        let preferred = Self.service("x.example", namespace: "ns4", "240.240.0.4")
        let first = Self.service("x.example", namespace: "ns2", "240.240.0.2")
        func choice(_ services: [Service], preferred: String = "ns4") throws -> [String]? {
            var setting = try Setting(services)
            setting.names.preferredNamespace = preferred
            return setting.say("x.example")
        }
        #expect(try choice([first, preferred, canonical, own]) == ["x.example 240.240.0.1"])
        #expect(try choice([first, preferred, canonical]) == ["x.example 240.240.0.3"])
        #expect(try choice([first, preferred]) == ["x.example 240.240.0.4"])
        #expect(try choice([first, preferred], preferred: "") == ["x.example 240.240.0.2"])
    }

    @Test func aServiceForItsOwnNamespaceIsUnknownElsewhere() throws {
        let hidden = Self.service("x.example", namespace: "ns2", "240.240.0.2") { $0.visibility = .ownNamespace }
        #expect(try Setting([hidden]).say("x.example") == nil)
        var inside = try Setting([hidden])
        inside.client = try Self.workload("client", "10.0.0.1", namespace: "ns2")
        #expect(inside.say("x.example") == ["x.example 240.240.0.2"])
    }

    // MARK: Records

    @Test func recordsLiveThirtySecondsAndComeInAnyOrder() throws {
        let setting = try Setting([Self.service("x.example", "240.240.0.1", "240.240.0.2", "240.240.0.3")])
        let orders = (0..<40).compactMap { setting.answer("x.example", seed: $0)?.records.map(\.content) }
        #expect(Set(orders).count == 6)
        #expect(setting.answer("x.example")?.records.allSatisfy { $0.timeToLive == 30 } == true)
    }

    @Test func anAnswerIsBounded() throws {
        let service = Self.service("head.ns1.mesh.internal", name: "head")
        let endpoints = try (0..<2_500).map { index in
            try Self.workload("w\(index)", "10.1.\(index / 256).\(index % 256)") { $0.services = [service.key: []] }
        }
        let setting = try Setting([service], endpoints)
        let records = setting.answer("head.ns1")?.records ?? []
        #expect(records.count == 2_000)
        let bytes = try Sent.read("head.ns1").answer(records, overStream: true)
        #expect(try DNSMessage(decoding: bytes).answers.count == 2_000)
    }

    @Test("an answer of 256 records is whole on a stream and cut by UDP")
    func manyRecords() throws {
        let service = Self.service("large.com") { service in
            service.vips = (0..<256).map { NetworkAddress(network: "", ip: IPAddress(v4: 0xf0f0_0000 | $0)) }
        }
        let records = try #require(try Setting([service]).answer("large.com")?.records)
        let query = try Sent.read("large.com", payload: 1_232)
        let stream = try DNSMessage(decoding: query.answer(records, isAuthoritative: true, overStream: true))
        #expect(stream.answers.count == 256 && !stream.isTruncated)
        let datagram = try DNSMessage(decoding: query.answer(records, isAuthoritative: true, overStream: false))
        #expect(datagram.answers.count == 74 && datagram.isTruncated)
    }

    @Test("names with strange bytes are nobody's", arguments: ["a\\b", "*", "*.wildcard"])
    func strangeNames(_ text: String) throws {
        let setting = try Setting([Self.service("a.b", "240.240.0.1")])
        let name = try DNSName(labels: [Array(text.utf8)])
        #expect(setting.names.match(name, from: "ns1", in: setting.snapshot) == nil)
        let dotted = try DNSName(labels: [Array("a.b".utf8)])
        #expect(setting.names.match(dotted, from: "ns1", in: setting.snapshot) == nil)
    }
}
