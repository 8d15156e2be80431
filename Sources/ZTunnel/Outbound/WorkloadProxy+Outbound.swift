import DataPlane
import MeshModel
import MeshTelemetry

extension WorkloadProxy {
    /// Whether a connection to `address` would come back to us, or reach what only the task itself may administer.
    func isRecursive(_ address: SocketAddress) -> Bool {
        MeshPorts.isOurs(address.port)
            && (address.ip.isLoopback || self.workload.local.addresses.contains(address.ip))
    }

    /// The addresses of an endpoint that is known by name only, and counts that somebody asked, answered from memory or
    /// not.
    func onDemandNames(
        _ name: String,
        for client: Workload,
        completion: @escaping (Result<[IPAddress], DialFailure>) -> Void
    ) {
        let source = ConnectionReport.labels(client, principal: "\(client.identity)")
        self.context.onDemandNames.count(source, hostname: name)
        self.endpointNames.addresses(of: name, completion: completion)
    }
}
