import ControlPlane
import MeshXDS
import Synchronization
import Testing

@Suite struct ResourceStoreTests {
    @Test func severalTypesAreOneChangeAndOneNotice() {
        let store = ResourceStore()
        let notices = Mutex(0)
        let listener = store.listen { _ in notices.withLock { $0 += 1 } }
        #expect(listener != nil)
        #expect(store.catalog == nil)
        let changes = [
            ResourceChange(XDSTypes.address, changed: [ResourceCatalog.Resource(name: "w", bytes: [2])]),
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
}
