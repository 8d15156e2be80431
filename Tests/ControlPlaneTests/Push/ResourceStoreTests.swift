import ControlPlane
import MeshProtos
import MeshXDS
import Synchronization
import Testing

@Suite struct ResourceStoreTests {
    private func workload(_ name: String, node: String = "", services: [String] = []) -> ResourceCatalog.Resource {
        let address = IstioWorkload.Address.with {
            $0.kind = .workload(
                .with {
                    $0.uid = name
                    $0.node = node
                    for service in services { $0.services[service] = IstioWorkload.PortList() }
                }
            )
        }
        return ResourceCatalog.Resource(name: name, bytes: address.serialized)
    }

    @Test func severalTypesAreOneChangeAndOneNotice() {
        let store = ResourceStore()
        let notices = Mutex(0)
        let listener = store.listen { _ in notices.withLock { $0 += 1 } }
        #expect(listener != nil)
        #expect(store.catalog == nil)
        let changes = [
            ResourceChange(XDSTypes.address, changed: [self.workload("w")]),
            ResourceChange(XDSTypes.authorization, changed: [ResourceCatalog.Resource(name: "p", bytes: [1])]),
            ResourceChange("type.googleapis.com/other", changed: [ResourceCatalog.Resource(name: "o", bytes: [])]),
        ]
        store.publish(changes)
        #expect(notices.withLock { $0 } == 1)
        store.publish(changes)
        #expect(notices.withLock { $0 } == 1, "nothing is different")
        for change in changes { #expect(store.catalog?.count(of: change.typeURL) == 1) }
        store.publish([ResourceChange(XDSTypes.authorization, removed: ["p"])])
        #expect(notices.withLock { $0 } == 2)
        #expect(store.catalog?.count(of: XDSTypes.authorization) == 0)
    }

    @Test func workloadsComeWithTheirServicesAndTheirNode() throws {
        let store = ResourceStore()
        let service = IstioWorkload.Address.with { $0.kind = .service(.with { $0.name = "shop" }) }
        store.publish([
            ResourceChange(
                XDSTypes.address,
                changed: [
                    self.workload("w", node: "n1", services: ["b/y", "a/x"]), self.workload("v"),
                    ResourceCatalog.Resource(name: "a/x", bytes: service.serialized),
                    ResourceCatalog.Resource(name: "broken", bytes: [0xff]),
                    ResourceCatalog.Resource(name: "given", bytes: [], parents: ["p"]),
                ]
            )
        ])
        let resources = try #require(store.catalog?.resources(of: XDSTypes.address))
        #expect(resources.map(\.name) == ["a/x", "broken", "given", "v", "w"])
        #expect(resources.map(\.parents) == [[], [], ["p"], [], ["a/x", "b/y", "node:n1"]])
    }
}
