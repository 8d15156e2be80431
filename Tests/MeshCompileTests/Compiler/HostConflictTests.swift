import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Several claims to one host name")
struct HostConflictTests {
    private func entry(
        _ name: String,
        in namespace: String = "shop",
        created: Int64,
        host: String = "a.example"
    ) -> DeclaredResource {
        Declare.entry([host], name: name, in: namespace, created: created) {
            $0.endpoints = [.init(address: "192.0.2.\(created)")]
        }
    }

    private func endpoint(_ name: String, _ created: Int, in namespace: String = "shop") -> String {
        "ecs-prod/networking.istio.io/ServiceEntry/\(namespace)/\(name)/192.0.2.\(created)"
    }

    @Test("30: in one namespace the oldest entry has the name and its endpoints; when it goes the next has them")
    func oldestWins() throws {
        let (young, old) = (self.entry("young", created: 2), self.entry("old", created: 1))
        var mesh = TestMesh(young)
        #expect(try mesh.service("shop/a.example").name == "young")
        mesh.declare(old)
        #expect(try mesh.service("shop/a.example").name == "old")
        #expect(try mesh.workload(self.endpoint("young", 2)).services.isEmpty)
        #expect(try mesh.workload(self.endpoint("old", 1)).services.count == 1)
        #expect(mesh.condition(.shadowed, of: young)?.message.contains("ServiceEntry/shop/old") == true)
        #expect(mesh.condition(.shadowed, of: old) == nil)
        mesh.remove(old)
        #expect(try mesh.service("shop/a.example").name == "young")
        #expect(try mesh.workload(self.endpoint("young", 2)).services.count == 1)
        #expect(mesh.condition(.shadowed, of: young) == nil)
    }

    @Test("30: of equally old ones the first by name; wildcards as other names")
    func ties() throws {
        let one = self.entry("b", created: 1, host: "*.example")
        let two = self.entry("a", created: 1, host: "*.example")
        let mesh = TestMesh(one, two)
        #expect(try mesh.service("shop/*.example").name == "a")
        #expect(mesh.condition(.shadowed, of: one) != nil)
    }

    @Test("30: a service of the platform beats any entry, and its address stays")
    func platformWins() throws {
        let key = Facts.key("orders")
        let old = self.entry("old", created: 1, host: key.hostname)
        var mesh = TestMesh(old)
        mesh.add(Facts.service())
        #expect(try mesh.service(key.description).name == "orders")
        #expect(mesh.condition(.shadowed, of: old)?.message.contains("platform") == true)
        #expect(try mesh.workload(self.endpoint("old", 1)).services.isEmpty)
        let address = TestMesh.addresses(try mesh.service(key.description))
        mesh.apply(MeshDelta(removedServices: [key]))
        #expect(try mesh.service(key.description).name == "old")
        #expect(TestMesh.addresses(try mesh.service(key.description)) == address)
    }

    @Test("31: across namespaces both exist, and the oldest that everybody may see is canonical")
    func canonical() throws {
        let (young, old) = (self.entry("e", in: "one", created: 2), self.entry("e", in: "two", created: 1))
        var mesh = TestMesh(young)
        #expect(try mesh.service("one/a.example").isCanonical)
        let change = mesh.declare(old)
        #expect(change.addresses.changed.map(\.name).contains("one/a.example"))
        #expect(try mesh.service("one/a.example").isCanonical == false)
        #expect(try mesh.service("two/a.example").isCanonical)
        mesh.remove(old)
        #expect(try mesh.service("one/a.example").isCanonical)
    }

    @Test("a host name that all namespaces claim costs each of them its own work only")
    func manyNamespaces() throws {
        var mesh = TestMesh()
        mesh.declare((0..<200).map { self.entry("e", in: "n\($0)", created: 100 + Int64($0)) })
        #expect(try mesh.service("n0/a.example").isCanonical)
        var before = mesh.compiler.counts
        mesh.declare(self.entry("e", in: "young", created: 900))
        #expect(mesh.compiler.counts.encodings - before.encodings == 2, "the service and its endpoint")
        #expect(mesh.compiler.counts.resolutions - before.resolutions == 2)
        before = mesh.compiler.counts
        let change = mesh.declare(self.entry("e", in: "old", created: 1))
        #expect(mesh.compiler.counts.encodings - before.encodings == 3, "and the one that was canonical")
        #expect(change.addresses.changed.map(\.name).contains("n0/a.example"))
        #expect(try mesh.service("n0/a.example").isCanonical == false)
        #expect(try mesh.service("old/a.example").isCanonical)
    }

    @Test("30: a long list of names that others have is cut")
    func longList() {
        let hosts = (0..<9).map { "h\($0).example" }
        let old = Declare.entry(hosts, name: "old", created: 1)
        let young = Declare.entry(hosts + hosts, name: "young", created: 2)
        let mesh = TestMesh(old, young)
        #expect(mesh.condition(.shadowed, of: young)?.message.hasSuffix("and 4 more") == true)
    }

    @Test("31: a platform's service elsewhere is canonical, one that is not by right never")
    func canonicalPlatform() throws {
        var mesh = TestMesh(self.entry("e", in: "one", created: 1))
        let key = NamespacedHostname(namespace: "shop", hostname: "a.example")
        mesh.add(ServiceFacts(key: key, name: "a"))
        #expect(try mesh.service("one/a.example").isCanonical == false)
        #expect(try mesh.service("shop/a.example").isCanonical)
        var tagged = ServiceFacts(key: key, name: "a")
        tagged.isCanonical = false
        mesh.add(tagged)
        #expect(try mesh.service("one/a.example").isCanonical)
        #expect(try mesh.service("shop/a.example").isCanonical == false)
    }

    @Test("31: what only its namespace sees is never canonical, and if it is older, nothing there is")
    func canonicalVisibility() throws {
        let hidden = Declare.entry(["a.example"], name: "old", created: 1) { $0.exportTo = ["."] }
        let mesh = TestMesh(hidden, self.entry("young", created: 2), self.entry("e", in: "two", created: 3))
        #expect(try mesh.service("shop/a.example").name == "old")
        #expect(try mesh.service("shop/a.example").isCanonical == false)
        #expect(try mesh.service("two/a.example").isCanonical)
    }
}
