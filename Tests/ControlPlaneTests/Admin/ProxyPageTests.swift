import Foundation
import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import ControlPlane

@Suite struct ProxyPageTests {
    private func type(_ stream: DeltaServerStream) throws -> ConfigValue {
        let table = ConnectionTable(limit: 1)
        let identity = try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo")
        guard case .open(let id) = table.open(remote: "ipv4:10.0.0.1:5", peer: Peer(identity: identity, expiry: Date()))
        else { throw CancellationError() }
        table.update(id) { $0.types = stream.status }
        let proxy = ProxyPage.proxy(try #require(table.connections.first), replica: "cp-1")
        #expect(proxy["identity"] == .string(identity.uri))
        guard case .list(let types) = proxy["types"] else { throw CancellationError() }
        return try #require(types.first)
    }

    @Test func eachTypeStandsSomewhere() throws {
        var catalog = ResourceCatalog()
        var stream = DeltaServerStream(id: "s", awaitsCompanions: true)
        let first = EnvoyDiscovery.DeltaDiscoveryRequest.with {
            $0.node = .with { $0.id = "ztunnel~1~a.b~c" }
            $0.typeURL = XDSTypes.address
        }
        _ = try stream.receive(first, catalog: catalog, at: 0)
        #expect(try self.type(stream)["status"] == .string("NOT SENT"))
        stream.stopAwaiting()
        let push = try #require(try stream.pushes(catalog, at: 1_700_000_000_123).first)
        var type = try self.type(stream)
        #expect(type["status"] == .string("STALE"))
        #expect(type["type"] == .string("istio.workload.Address"))
        #expect(type["sentTime"] == .string("2023-11-14T22:13:20.123Z"))
        func answer(_ nonce: String, _ error: String?) -> EnvoyDiscovery.DeltaDiscoveryRequest {
            .with {
                $0.typeURL = XDSTypes.address
                $0.responseNonce = nonce
                $0.errorDetail = error.map { text in .with { $0.message = text } }
            }
        }
        _ = try stream.receive(answer(push.nonce, nil), catalog: catalog, at: 1_700_000_000_200)
        #expect(try self.type(stream)["status"] == .string("SYNCED"))
        catalog.update(XDSTypes.address, upserts: [ResourceCatalog.Resource(name: "w", bytes: [1])])
        let second = try #require(try stream.pushes(catalog, at: 1_700_000_001_000).first)
        _ = try stream.receive(answer(second.nonce, "w: bad\nforged line"), catalog: catalog, at: 1_700_000_002_000)
        type = try self.type(stream)
        #expect(type["status"] == .string("ERROR"))
        #expect(type["lastError"] == .string("w: bad?forged line"))
        #expect(type["rejection"]?["names"] == .list([.string("w")]))
        #expect(type["acknowledgedVersion"] == .string("0"))
        #expect(type["sentVersion"] == .string("1"))
    }
}
