import MeshModel
import MeshProtos
import MeshXDS
import Synchronization
import Testing

@testable import ZTunnel

@Suite struct MeshStateTests {
    private func update(
        _ type: String,
        _ resources: [(String, any ProtoMessage)],
        removed: [String] = []
    ) -> XDSUpdate {
        let response = EnvoyDiscovery.DeltaDiscoveryResponse.with {
            $0.typeURL = type
            $0.removedResources = removed
            $0.resources = resources.map { name, message in
                .with {
                    $0.name = name
                    $0.resource = .with {
                        $0.typeURL = type
                        $0.value = message.serialized
                    }
                }
            }
        }
        var client = DeltaClient(node: .init(), types: XDSTypes.inOrder.map { ($0, .wildcard) })
        return client.receive(response)
    }

    private func workload(_ uid: String, status: IstioWorkload.WorkloadStatus = .healthy) -> IstioWorkload.Address {
        .with {
            $0.kind = .workload(
                .with {
                    $0.uid = uid
                    $0.namespace = "shop"
                    $0.status = status
                    $0.addresses = [[10, 0, 0, 9]]
                    $0.tunnelProtocol = .hbone
                    $0.services = ["shop/orders.shop": .init()]
                }
            )
        }
    }

    private let service = IstioWorkload.Address.with {
        $0.kind = .service(
            .with {
                $0.name = "orders"
                $0.namespace = "shop"
                $0.hostname = "orders.shop"
            }
        )
    }

    private let policy = IstioSecurity.Authorization.with {
        $0.name = "p"
        $0.namespace = "shop"
    }

    @Test func aResponseIsAppliedWhole() {
        let seen = Mutex<[Int]>([])
        let state = MeshState { snapshot in seen.withLock { $0.append(snapshot.workloadCount) } }
        let addresses = self.update(XDSTypes.address, [("u", self.workload("u")), ("shop/orders.shop", self.service)])
        #expect(state.apply(addresses).isEmpty)
        #expect(state.apply(self.update(XDSTypes.authorization, [("shop/p", self.policy)])).isEmpty)
        let snapshot = state.snapshot
        #expect(snapshot.workloadCount == 1)
        #expect(snapshot.serviceCount == 1)
        #expect(snapshot.policyCount == 1)
        let key = NamespacedHostname(namespace: "shop", hostname: "orders.shop")
        #expect(snapshot.endpoints(of: key).map(\.uid) == ["u"])
        #expect(seen.withLock { $0 } == [1, 1])
        #expect(state.apply(self.update(XDSTypes.address, [])).isEmpty)
        #expect(seen.withLock { $0 } == [1, 1], "nothing changed, nobody is told")
    }

    @Test func removalsNameWorkloadsServicesAndPolicies() {
        let state = MeshState()
        let addresses = self.update(XDSTypes.address, [("u", self.workload("u")), ("shop/orders.shop", self.service)])
        _ = state.apply(addresses)
        _ = state.apply(self.update(XDSTypes.authorization, [("shop/p", self.policy)]))
        _ = state.apply(self.update(XDSTypes.authorization, [], removed: ["shop/p", "u"]))
        #expect(state.snapshot.policyCount == 0)
        #expect(state.snapshot.workloadCount == 1)
        _ = state.apply(self.update(XDSTypes.address, [], removed: ["u", "shop/orders.shop", "unknown"]))
        #expect(state.snapshot == MeshSnapshot())
    }

    @Test func aBadResourceLeavesTheOthersAndItsOwnEarlierVersion() {
        let state = MeshState()
        _ = state.apply(self.update(XDSTypes.address, [("u", self.workload("u"))]))
        let bad = self.workload("u", status: .init(rawValue: 7))
        let rejections = state.apply(
            self.update(XDSTypes.address, [("u", bad), ("v", self.workload("v")), ("wrong", self.workload("w"))])
        )
        #expect(
            rejections == [
                XDSRejection(name: "u", reason: "status is 7; 0 and 1 are known"),
                XDSRejection(name: "wrong", reason: "name is w; the resource is called wrong"),
            ]
        )
        #expect(state.snapshot.workloads.map(\.uid) == ["u", "v"])
    }

    @Test func bytesThatAreNoMessageAreRejected() {
        let state = MeshState()
        var update = self.update(XDSTypes.address, [("u", self.workload("u")), ("none", IstioWorkload.Address())])
        update.resources[0].bytes = [0x0a, 0x7f]
        #expect(
            state.apply(update).map(\.reason) == [
                "resource is not a protobuf message; a field claims 127 bytes, more than the message has left",
                "type is empty; a workload or a service",
            ]
        )
        #expect(state.snapshot == MeshSnapshot())
    }

    @Test func otherTypesAreIgnored() {
        #expect(MeshState().apply(self.update("strange", [("u", self.workload("u"))])).isEmpty)
    }
}
