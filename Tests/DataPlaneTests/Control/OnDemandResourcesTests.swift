import DataPlaneTestSupport
import MeshModel
import Synchronization
import Testing

@testable import DataPlane

@Suite("Resources on demand")
struct OnDemandResourcesTests {
    @Test("everybody who waits for a name hears of it, and of all his names")
    func wakesAll() throws {
        let loop = try TestLoop()
        let resources = OnDemandResources()
        let asked = Mutex<[String]>([])
        let done = Mutex<[String]>([])
        resources.begin { names in asked.withLock { $0 += names } }
        for (who, names) in [("one", ["a"]), ("two", ["a"]), ("both", ["a", "b"])] {
            resources.demand(names, on: loop.loop) { outcome in
                done.withLock { $0.append("\(who) \(outcome)") }
            }
        }
        #expect(asked.withLock { $0 } == ["a", "a", "a", "b"])
        resources.answered(["a", "other"])
        #expect(eventually { done.withLock { $0.count } == 2 })
        #expect(done.withLock { $0.sorted() } == ["one answered", "two answered"])
        resources.answered(["b"])
        #expect(eventually { done.withLock { $0.last } == "both answered" })
    }

    @Test("too many who wait are turned away at once")
    func bounded() throws {
        let loop = try TestLoop()
        let resources = OnDemandResources()
        let turnedAway = Mutex(0)
        let served = Mutex(0)
        for _ in 0..<(OnDemandResources.maximumWaiters + 3) {
            resources.demand(["a"], on: loop.loop) { outcome in
                if outcome == .unanswered {
                    turnedAway.withLock { $0 += 1 }
                } else {
                    served.withLock { $0 += 1 }
                }
            }
        }
        #expect(eventually { turnedAway.withLock { $0 } == 3 })
        resources.answered(["a"])
        #expect(eventually { served.withLock { $0 } == OnDemandResources.maximumWaiters })
    }

    @Test("waypoints and gateways of a resource are asked for with it")
    func references() throws {
        var workload = Workload(uid: "w", identity: try TestMesh.identity("echo"))
        let gateway = NetworkAddress(network: "far", ip: IPAddress(v4: 0x0a00_0009))
        workload.networkGateway = GatewayAddress(destination: .address(gateway), hbonePort: 15_008)
        var service = TestMesh.service("echo", vip: "240.240.0.1", port: 80)
        service.waypoint = GatewayAddress(destination: .hostname(TestMesh.key("waypoint")), hbonePort: 15_008)
        var change = MeshChange()
        change.workloads = [workload]
        change.services = [service]
        let snapshot = MeshSnapshot(change)
        #expect(OnDemandReferences.names(of: "w", in: snapshot) == ["far/10.0.0.9"])
        #expect(OnDemandReferences.names(of: "\(service.key)", in: snapshot) == ["\(TestMesh.key("waypoint"))"])
        #expect(OnDemandReferences.names(of: "unknown", in: snapshot).isEmpty)
    }

    @Test("an address that is known is not asked for, a name in each namespace it may be of")
    func names() throws {
        let service = TestMesh.service("echo", vip: "240.240.0.1", port: 80)
        var change = MeshChange()
        change.services = [service]
        let snapshot = MeshSnapshot(change)
        let known = SocketAddress(ip: IPAddress(v4: 0xf0f0_0001), port: 80)
        #expect(OnDemandReferences.names(to: known, network: "", in: snapshot).isEmpty)
        #expect(OnDemandReferences.names(to: known, network: "n", in: snapshot) == ["n/240.240.0.1"])
        #expect(OnDemandReferences.names(to: "echo.demo.mesh.internal", namespace: "a").count == 2)
        #expect(OnDemandReferences.names(to: "echo.a.b", namespace: "a") == ["a/echo.a.b"])
    }
}
