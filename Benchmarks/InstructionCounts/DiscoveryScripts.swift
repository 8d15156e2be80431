import DataPlane
import MeshModel
import MeshProtos
import MeshXDS
import Waypoint

/// What a data plane does with a change of the mesh.
enum DiscoveryScripts {
    /// What is known before: workloads, in services of ten.
    private static let known = 2_000
    /// How many of them change at a time.
    private static let changed = 100
    private static let changes = 20

    static func run() throws {
        try self.apply()
        try self.plan()
    }

    /// A delta response from its bytes to the new state, and its acknowledgement.
    private static func apply() throws {
        let state = MeshState()
        var client = DeltaClient(node: EnvoyDiscovery.Node(), types: [(XDSTypes.address, .wildcard)])
        _ = client.streamOpened()
        func take(_ bytes: [UInt8]) throws -> Int {
            let update = client.receive(try EnvoyDiscovery.DeltaDiscoveryResponse(decoding: bytes))
            let rejections = state.apply(update)
            guard rejections.isEmpty, update.malformed.isEmpty else {
                Script.fail("rejected: \(rejections) \(update.malformed)")
            }
            return client.acknowledge(update, rejected: rejections).serialized.count
        }
        _ = try take(self.response((0..<self.known).map { self.workload($0, "v0") } + self.services()))
        let versions = ["v1", "v2"].map { version in
            self.response((0..<self.changed).map { self.workload($0 * 17, version) })
        }
        var turn = 0
        try Script.count("xds.apply_100_workloads", self.changes) {
            turn ^= 1
            if try take(versions[turn]) == 0 { Script.fail("no acknowledgement") }
        }
    }

    /// A change of one service's routes, from its message to a waypoint's new plan.
    private static func plan() throws {
        let local = try ScriptMesh.local("waypoint", ScriptMesh.address(21))
        let context = WaypointContext(
            configuration: try Configuration(environment: ["BOOTSTRAP_TOKEN": "x"]),
            local: local,
            log: ScriptMesh.log
        ) { _ in }
        var builder = PlanBuilder(local: local, sinks: context.sinks)
        try builder.set(settings: ScriptRoutes.settings, name: "demo/waypoint", now: 1)
        let names = (0..<100).map { "service-\($0)" }
        var change = MeshChange()
        for name in names {
            change.services.append(ScriptMesh.service(name, ScriptMesh.virtualAddress(31)))
            try builder.set(
                service: ScriptRoutes.service(name, routes: 10),
                name: "\(ScriptMesh.key(name))",
                now: 1
            )
        }
        let mesh = MeshSnapshot(change)
        let own = local.client(in: mesh)
        let versions = [11, 12].map { ScriptRoutes.service(names[50], routes: $0).serialized }
        var turn = 0
        try Script.count("xds.plan_1_of_100_services", self.changes) {
            turn ^= 1
            let service = try TulleL7.ServiceRoutes(decoding: versions[turn])
            try builder.set(service: service, name: "\(ScriptMesh.key(names[50]))", now: 1)
            _ = builder.plan(mesh: mesh, own: own, now: 1)
        }
    }

    // MARK: Messages

    private static func response(_ resources: [(name: String, address: IstioWorkload.Address)]) -> [UInt8] {
        EnvoyDiscovery.DeltaDiscoveryResponse.with { response in
            response.typeURL = XDSTypes.address
            response.nonce = "nonce"
            response.resources = resources.map { name, address in
                .with { resource in
                    resource.name = name
                    resource.version = "0123456789abcdef"
                    resource.resource = .with {
                        $0.typeURL = XDSTypes.address
                        $0.value = address.serialized
                    }
                }
            }
        }.serialized
    }

    private static func workload(_ number: Int, _ version: String) -> (String, IstioWorkload.Address) {
        let wire = IstioWorkload.Workload.with { wire in
            wire.uid = "cluster//ecs/demo/task-\(number)"
            wire.name = "task-\(number)"
            wire.namespace = "demo"
            wire.addresses = [[10, 20, UInt8(number / 250), UInt8(number % 250)]]
            wire.tunnelProtocol = .hbone
            wire.trustDomain = "cluster.local"
            wire.serviceAccount = "service-\(number / 10)"
            wire.node = "host-\(number / 20)"
            wire.canonicalName = "service-\(number / 10)"
            wire.canonicalRevision = version
            wire.workloadName = "service-\(number / 10)"
            wire.clusterID = "c1"
            wire.services = [
                "demo/service-\(number / 10).demo.mesh.internal": .with {
                    $0.ports = [
                        .with {
                            $0.servicePort = 80
                            $0.targetPort = 8_080
                        }
                    ]
                }
            ]
            wire.locality = .with {
                $0.region = "eu-west-1"
                $0.zone = "eu-west-1a"
            }
        }
        return (wire.uid, .with { $0.kind = .workload(wire) })
    }

    private static func services() -> [(String, IstioWorkload.Address)] {
        (0..<self.known / 10).map { number in
            let wire = IstioWorkload.Service.with { wire in
                wire.name = "service-\(number)"
                wire.namespace = "demo"
                wire.hostname = "service-\(number).demo.mesh.internal"
                wire.addresses = [.with { $0.address = [240, 240, 1, UInt8(number)] }]
                wire.ports = [
                    .with {
                        $0.servicePort = 80
                        $0.targetPort = 8_080
                    }
                ]
            }
            return ("demo/\(wire.hostname)", .with { $0.kind = .service(wire) })
        }
    }
}
