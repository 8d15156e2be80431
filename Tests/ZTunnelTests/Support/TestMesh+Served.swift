import DataPlane
import DataPlaneTestSupport
import MeshDNS
import MeshModel
import MeshTelemetry

@testable import ZTunnel

extension TestMesh {
    /// A workload that is served at an address, without a certificate.
    static func served(
        _ name: String,
        _ address: IPAddress,
        state: MeshState,
        log: Log = TestLog().log
    ) throws -> ServedWorkload {
        ServedWorkload(
            key: "",
            mesh: try self.context(address, state: state, log: log),
            local: try self.local(name, address),
            nameServers: ResolverConfiguration(servers: [])
        )
    }

    static func context(
        _ address: IPAddress,
        state: MeshState,
        log: Log = TestLog().log
    ) throws -> MeshContext {
        let configuration = try Configuration(environment: [
            "BOOTSTRAP_TOKEN": "secret-marker", "TULLE_LISTEN_ADDRESS": "\(address)",
        ])
        return MeshContext(
            configuration: configuration,
            state: state,
            log: log
        )
    }
}
