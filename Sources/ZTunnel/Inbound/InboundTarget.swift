package import MeshModel

/// Where an inbound tunnel's bytes are delivered, decided from its CONNECT request.
package struct InboundTarget: Hashable, Sendable {
    /// The address and port of the application.
    package var destination: SocketAddress
    /// The service that was asked for; nil when the workload was.
    package var service: Service?

    /// Reads a CONNECT request's `:authority`.
    ///
    /// The address is always the one that the peer's connection came to, never one that the peer names: a peer must not
    /// be able to make us connect anywhere else.
    /// - Parameters:
    ///   - authority: `ip:port`, or `host:port` with the host name of a service that this workload backs.
    ///   - local: the address the connection came to.
    ///   - serviceHost: the `host` of the `Forwarded` header; only used to name the service in telemetry.
    package static func decide(
        authority: String,
        local: SocketAddress,
        serviceHost: String?,
        workload: Workload,
        snapshot: MeshSnapshot
    ) -> Result<InboundTarget, ConnectionFailure> {
        guard let target = CaptureTarget(authority: authority) else {
            return .failure(
                ConnectionFailure(
                    .authorityMalformed,
                    "authority is no host:port: \(authority.prefix(255))",
                    status: 400
                )
            )
        }
        let local = local.canonical
        var decided: InboundTarget
        switch target {
        case .address(let address):
            guard address.ip == local.ip else {
                return .failure(
                    ConnectionFailure(.destinationMismatch, "ip mismatch: \(address.ip) != \(local.ip)", status: 400)
                )
            }
            decided = InboundTarget(destination: SocketAddress(ip: local.ip, port: address.port), service: nil)
            decided.service = serviceHost.flatMap { snapshot.service(host: $0, from: workload.namespace) }
                .flatMap { workload.services[$0.key] == nil ? nil : $0 }
        case .name(let host, let port):
            guard let service = snapshot.service(host: host, from: workload.namespace),
                let own = workload.services[service.key]
            else {
                return .failure(
                    ConnectionFailure(.serviceUnknown, "no service \(host.prefix(255)) is backed by this workload")
                )
            }
            let declared = service.declaredPort(port)?.targetPort ?? 0
            let mapped = own.first { $0.port == port }?.targetPort ?? 0
            guard let targetPort = [mapped, declared].first(where: { $0 > 0 }) else {
                return .failure(
                    ConnectionFailure(.portNotDeclared, detail: "service \(service.key) has no port \(port)")
                )
            }
            decided = InboundTarget(destination: SocketAddress(ip: local.ip, port: targetPort), service: service)
        }
        guard !MeshPorts.isOurs(decided.destination.port) else {
            let text = "attempted recursive call to ourselves: \(decided.destination)"
            return .failure(ConnectionFailure(.recursiveCall, text))
        }
        return .success(decided)
    }

    /// The first `host` of a `Forwarded` header, with or without quotes; nil when there is none.
    package static func serviceHost(forwarded: String?) -> String? {
        guard let forwarded, forwarded.utf8.count <= 1_024, forwarded.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        for part in forwarded.split(separator: ";") where part.hasPrefix("host=") {
            let value = part.dropFirst("host=".count).filter { $0 != "\"" }
            return value.isEmpty ? nil : value
        }
        return nil
    }
}
