import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

/// A compiler with a mesh that tests change bit by bit.
struct TestMesh {
    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    var compiler: MeshCompiler<TestAddresses>
    /// What data planes would hold.
    var catalog = ResourceCatalog()

    init(_ fill: (inout MeshSettings, inout TestAddresses) -> Void = { _, _ in }) {
        var settings = MeshSettings(
            trustDomain: "cluster.local",
            meshDomain: "mesh.internal",
            clusterID: "ecs-prod",
            distribution: .sameZone
        )
        var addresses = TestAddresses()
        fill(&settings, &addresses)
        self.compiler = MeshCompiler(settings: settings, addresses: addresses) { key in
            [Array("new \(key)".utf8), Array("old \(key)".utf8)]
        }
    }

    init(_ resources: DeclaredResource...) {
        self.init()
        self.declare(resources)
    }

    // MARK: Changes

    @discardableResult
    mutating func apply(_ delta: MeshDelta) -> CompiledChange {
        let change = self.compiler.compile(delta)
        self.catalog.update(
            XDSTypes.authorization,
            upserts: change.policies.changed,
            removing: change.policies.removed
        )
        self.catalog.update(
            XDSTypes.address,
            upserts: change.addresses.changed,
            removing: change.addresses.removed
        )
        return change
    }

    @discardableResult
    mutating func declare(_ resources: DeclaredResource...) -> CompiledChange { self.declare(resources) }

    @discardableResult
    mutating func declare(_ resources: [DeclaredResource]) -> CompiledChange {
        self.apply(MeshDelta(resources: resources))
    }

    @discardableResult
    mutating func remove(_ resources: DeclaredResource...) -> CompiledChange {
        self.apply(MeshDelta(removedResources: resources.map(\.key)))
    }

    @discardableResult
    mutating func add(_ workloads: WorkloadFacts...) -> CompiledChange { self.apply(MeshDelta(workloads: workloads)) }

    @discardableResult
    mutating func add(_ services: ServiceFacts...) -> CompiledChange { self.apply(MeshDelta(services: services)) }

    // MARK: What came out

    private func kind(_ name: String) throws -> IstioWorkload.Address.Kind {
        guard let resource = self.compiler.addressResources[name],
            let kind = try IstioWorkload.Address(decoding: resource.bytes).kind
        else {
            let names = self.compiler.addressResources.keys.sorted().joined(separator: ", ")
            throw Missing(description: "\(name) is not among \(names)")
        }
        return kind
    }

    func workload(_ uid: String) throws -> IstioWorkload.Workload {
        guard case .workload(let workload) = try self.kind(uid) else { throw Missing(description: uid) }
        return workload
    }

    func service(_ name: String) throws -> IstioWorkload.Service {
        guard case .service(let service) = try self.kind(name) else { throw Missing(description: name) }
        return service
    }

    func policy(_ key: String) throws -> IstioSecurity.Authorization {
        try IstioSecurity.Authorization(decoding: try #require(self.compiler.policyResources[key]).bytes)
    }

    func condition(_ kind: ResourceCondition.Kind, of resource: DeclaredResource) -> ResourceCondition? {
        self.compiler.statuses[resource.key]?.first { $0.kind == kind }
    }

    /// `namespace/hostname` of a waypoint that is known by name, with `:port` unless it is the usual one.
    static func name(_ gateway: IstioWorkload.GatewayAddress?) -> String? {
        guard let gateway else { return nil }
        let port = gateway.hboneMTLSPort == 15_008 ? "" : ":\(gateway.hboneMTLSPort)"
        switch gateway.destination {
        case .hostname(let name): return "\(name.namespace)/\(name.hostname)\(port)"
        case .address(let address):
            return "\(address.network)/\(IPAddress(bytes: address.address).map { "\($0)" } ?? "?")\(port)"
        case nil: return nil
        }
    }

    /// The ports of a service or workload as `service>target`.
    static func ports(_ ports: [IstioWorkload.Port]?) -> [String]? {
        ports?.map { "\($0.servicePort)>\($0.targetPort)" }
    }

    /// Addresses as text, blocks with their lengths.
    static func addresses(_ service: IstioWorkload.Service) -> [String] {
        service.addresses.map { address in
            let ip = IPAddress(bytes: address.address).map { "\($0)" } ?? "?"
            return address.length.map { "\(ip)/\($0)" } ?? ip
        }
    }
}
