import DataPlane
import Glibc
import MeshModel
import MeshTelemetry

/// The mesh of the scripts: tasks of namespace `demo` at loopback addresses, each with a service of its name on port 80.
enum ScriptMesh {
    /// The port of applications.
    static let applicationPort: UInt16 = 8080

    /// An address that two runs at a time do not share. All have the same number of digits, as they are written to logs.
    static func address(_ last: UInt8) -> IPAddress {
        IPAddress(v4: 0x7f64_0000 | UInt32(100 + getpid() % 150) << 8 | UInt32(last))
    }

    /// The virtual address of a service.
    static func virtualAddress(_ last: UInt8) -> IPAddress { IPAddress(v4: 0xf0f0_0000 | UInt32(last)) }

    static func identity(_ name: String) throws -> SPIFFEID {
        try SPIFFEID(trustDomain: "cluster.local", namespace: "demo", serviceAccount: name)
    }

    static func key(_ name: String) -> NamespacedHostname {
        NamespacedHostname(namespace: "demo", hostname: "\(name).demo.mesh.internal")
    }

    static func workload(_ name: String, _ address: IPAddress) throws -> Workload {
        var workload = Workload(uid: "demo/\(name)", identity: try self.identity(name))
        workload.name = "\(name)-1"
        workload.workloadName = name
        workload.canonicalName = name
        workload.clusterID = "c1"
        workload.addresses = [address]
        workload.tunnel = .hbone
        workload.services[self.key(name)] = [ServicePort(port: 80, targetPort: self.applicationPort)]
        return workload
    }

    static func service(_ name: String, _ virtualAddress: IPAddress) -> Service {
        var service = Service(key: self.key(name), name: name)
        service.ports = [ServicePort(port: 80, targetPort: self.applicationPort)]
        service.vips = [NetworkAddress(network: "", ip: virtualAddress)]
        return service
    }

    static func local(_ name: String, _ address: IPAddress) throws -> LocalWorkload {
        LocalWorkload(
            identity: try self.identity(name),
            network: "",
            cluster: "c1",
            meshDomain: "mesh.internal",
            name: "",
            addresses: [address]
        )
    }

    /// A log at the level that ships. Its lines are made, and written nowhere.
    static var log: Log { Log(scope: "counts", format: .plain, threshold: Log.Threshold(.info)) { _ in } }
}
