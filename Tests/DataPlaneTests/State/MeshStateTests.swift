import MeshModel
import MeshProtos
import MeshXDS
import Synchronization
import Testing

@testable import DataPlane

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

    private func verdict(_ state: MeshState) throws -> AuthorizationVerdict {
        let identity = try SPIFFEID(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "orders")
        let ip = IPAddress(v4: 0x0a00_0009)
        return authorize(
            ConnectionFacts(peer: identity, sourceIP: ip, destination: SocketAddress(ip: ip, port: 80)),
            workload: Workload(uid: "u", identity: identity),
            snapshot: state.snapshot
        )
    }

    private func policy(_ scope: Int32, action: Int32 = 9, _ namespace: String = "shop") -> IstioSecurity.Authorization
    {
        .with {
            $0.name = "p"
            $0.namespace = namespace
            $0.scope = .init(rawValue: scope)
            $0.action = .init(rawValue: action)
        }
    }

    @Test func aPolicyThatIsRejectedClosesWhatItWouldCover() throws {
        let type = XDSTypes.authorization
        let closed = AuthorizationVerdict.deny(policy: "shop/p", .policyInvalid)
        // For all, for the namespace, of an unknown scope.
        for scope: Int32 in [0, 1, 7] {
            let seen = Mutex<Int>(0)
            let state = MeshState { _ in seen.withLock { $0 += 1 } }
            #expect(state.apply(self.update(type, [("shop/p", self.policy(scope))])).count == 1)
            #expect(try self.verdict(state) == closed)
            #expect(seen.withLock { $0 } == 1, "open connections must be judged again")
            _ = state.apply(self.update(type, [], removed: ["shop/p"]))
            #expect(try self.verdict(state) == .allow(policy: nil))
        }
        let state = MeshState()
        _ = state.apply(self.update(type, [("attic/p", self.policy(1, "attic")), ("shop/p", self.policy(2))]))
        #expect(try self.verdict(state) == .allow(policy: nil), "it is for others")
        _ = state.apply(self.update(type, [("shop/x", self.policy(1, action: 1, "attic"))]))
        #expect(try self.verdict(state) == .deny(policy: "shop/x", .policyInvalid), "its name contradicts it")
    }

    @Test func aPolicyThatIsNoMessageClosesTheMesh() throws {
        let state = MeshState()
        var update = self.update(XDSTypes.authorization, [("attic/p", self.policy)])
        update.resources[0].bytes = [0x0a, 0x7f]
        _ = state.apply(update)
        #expect(try self.verdict(state) == .deny(policy: "attic/p", .policyInvalid))
        var empty = self.update(XDSTypes.authorization, [])
        empty.malformed = [XDSRejection(name: "attic/q", reason: "it has no name or no content")]
        let other = MeshState()
        _ = other.apply(empty)
        #expect(try self.verdict(other) == .deny(policy: "attic/q", .policyInvalid))
    }

    @Test func aRejectedVersionLeavesTheEarlierOneInUse() throws {
        let state = MeshState()
        _ = state.apply(self.update(XDSTypes.authorization, [("shop/p", self.policy(1, action: 1))]))
        _ = state.apply(self.update(XDSTypes.authorization, [("shop/p", self.policy(1))]))
        #expect(try self.verdict(state) == .allow(policy: nil), "a DENY without rules matches nothing")
    }

    @Test func otherTypesAreIgnored() {
        #expect(MeshState().apply(self.update("strange", [("u", self.workload("u"))])).isEmpty)
    }
}
