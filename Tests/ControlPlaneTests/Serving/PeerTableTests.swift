import Foundation
import GRPCCore
import MeshModel
import Testing

@testable import ControlPlane

@Suite struct PeerTableTests {
    private let key = PeerTable.Key(remote: "ipv4:10.0.0.1:5", local: "ipv4:10.0.0.2:15012")

    private func peer(_ account: String) throws -> Peer {
        Peer(identity: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/\(account)"), expiry: Date())
    }

    private func found(_ table: PeerTable) async -> Peer? {
        await withServerContextRPCCancellationHandle { handle in
            table.peer(
                of: ServerContext(
                    descriptor: DiscoveryService.method,
                    remotePeer: self.key.remote,
                    localPeer: self.key.local,
                    cancellation: handle
                )
            )
        }
    }

    @Test func aCallFindsThePeerOfItsConnection() async throws {
        let table = PeerTable(capacity: 10, rate: 100, burst: 100)
        #expect(await self.found(table) == nil)
        let number = table.enter(try self.peer("a"), at: self.key)
        #expect(await self.found(table)?.identity.serviceAccount == "a")
        table.forget(number, at: self.key)
        #expect(await self.found(table) == nil)
    }

    @Test func twoConnectionsWithTheSameAddressesAreNobody() async throws {
        let table = PeerTable(capacity: 10, rate: 100, burst: 100)
        let old = table.enter(try self.peer("a"), at: self.key)
        _ = table.enter(try self.peer("b"), at: self.key)
        #expect(await self.found(table) == nil)
        table.forget(old, at: self.key)
        #expect(await self.found(table)?.identity.serviceAccount == "b")
    }

    @Test func aPeerWithoutACertificateIsNobody() async {
        let table = PeerTable(capacity: 10, rate: 100, burst: 100)
        _ = table.enter(nil, at: self.key)
        #expect(await self.found(table) == nil)
    }

    @Test func connectionsAreBounded() {
        let table = PeerTable(capacity: 1, rate: 100, burst: 100)
        #expect(table.admit())
        #expect(!table.admit())
        table.release()
        #expect(table.admit())
    }
}
