import DataPlane
package import MeshModel

/// Where an inbound tunnel's bytes are delivered, decided from its CONNECT request.
package struct InboundTarget: Hashable, Sendable {
    /// The address and port that policies judge: the address that the peer connected to, and the application's port.
    package var destination: SocketAddress
    /// The service that was asked for; nil when the workload was.
    package var service: Service?
    /// What the application is told by a PROXY protocol header; nil when it gets none.
    package var announced: Announcement?

    /// What an application that is itself a proxy is told of the request.
    package struct Announcement: Hashable, Sendable {
        /// The address and port that were asked for.
        package var destination: SocketAddress
        /// The host name that was asked for; nil when an address was.
        package var host: String?
    }

    /// The application on `destination`.
    package init(destination: SocketAddress, service: Service? = nil, announced: Announcement? = nil) {
        self.destination = destination
        self.service = service
        self.announced = announced
    }

    /// Reads a CONNECT request's `:authority`, as ztunnel does.
    ///
    /// The bytes always go to the address that the peer's connection came to, never to one that the peer names: a peer
    /// must not be able to make us connect anywhere else. A foreign address or service is accepted where this workload
    /// is the waypoint in front of it, or is told the destination by a PROXY header.
    /// - Parameters:
    ///   - authority: `ip:port`, or `host:port` with the host name of a service.
    ///   - local: the address the connection came to.
    ///   - serviceHost: the `host` of the `Forwarded` header; only used to name the service in telemetry.
    package static func decide(
        authority: String,
        local: SocketAddress,
        serviceHost: String?,
        workload: Workload,
        snapshot: MeshSnapshot
    ) -> Result<InboundTarget, ConnectionFailure> {
        guard let target = DialTarget(authority: authority) else {
            return .failure(
                ConnectionFailure(
                    .authorityMalformed,
                    "authority is no host:port: \(authority.prefix(255))",
                    status: 400
                )
            )
        }
        let place = InboundPlace(address: local.ip.canonical, workload: workload, snapshot: snapshot)
        let decided: Result<InboundTarget, ConnectionFailure> =
            switch target {
            case .address(let address): self.decide(address.canonical, serviceHost: serviceHost, place)
            case .name(let host, let port): self.decide(host, port, place)
            }
        guard case .success(let found) = decided, MeshPorts.isOurs(found.destination.port) else { return decided }
        return .failure(
            ConnectionFailure(.recursiveCall, "attempted recursive call to ourselves: \(found.destination)")
        )
    }

    /// The service that telemetry names, as Istio's ztunnel finds it: the one that the peer named, else the first of
    /// the workload's whose port leads to `port`.
    static func service(
        named host: String?,
        port: UInt16,
        workload: Workload,
        snapshot: MeshSnapshot
    ) -> Service? {
        if let host, let named = snapshot.service(host: host, from: workload.namespace),
            workload.services[named.key] != nil
        {
            return named
        }
        for key in workload.services.keys.sorted() {
            guard let service = snapshot.service(key) else { continue }
            let own = workload.services[key] ?? []
            if (own + service.ports).contains(where: { $0.targetPort == port }) { return service }
        }
        return nil
    }

    private static func decide(
        _ address: SocketAddress,
        serviceHost: String?,
        _ place: InboundPlace
    ) -> Result<InboundTarget, ConnectionFailure> {
        let tunnel = place.workload.applicationTunnel
        guard address.ip == place.address || tunnel != nil || place.isWaypoint(of: address.ip) else {
            let text = "ip mismatch: \(place.address) != \(address.ip)"
            return .failure(ConnectionFailure(.destinationMismatch, text, status: 400))
        }
        var found = InboundTarget(
            destination: SocketAddress(ip: place.address, port: tunnel?.port ?? address.port),
            service: self.service(
                named: serviceHost,
                port: address.port,
                workload: place.workload,
                snapshot: place.snapshot
            )
        )
        if tunnel?.usesProxyProtocol == true { found.announced = Announcement(destination: address, host: nil) }
        return .success(found)
    }

    private static func decide(
        _ host: String,
        _ port: UInt16,
        _ place: InboundPlace
    ) -> Result<InboundTarget, ConnectionFailure> {
        let workload = place.workload
        guard let service = place.snapshot.service(host: host, from: workload.namespace),
            workload.services[service.key] != nil || workload.applicationTunnel != nil || place.isWaypoint(of: service)
        else {
            let text = "no service \(host.prefix(255)) is backed by this workload"
            return .failure(ConnectionFailure(.serviceUnknown, text))
        }
        let mapped = workload.services[service.key]?.first { $0.port == port }?.targetPort ?? 0
        let declared = service.declaredPort(port)?.targetPort ?? 0
        let told = workload.applicationTunnel?.port ?? 0
        guard let targetPort = [told, mapped, declared].first(where: { $0 > 0 }) else {
            return .failure(ConnectionFailure(.portNotDeclared, detail: "service \(service.key) has no port \(port)"))
        }
        var found = InboundTarget(
            destination: SocketAddress(ip: place.address, port: targetPort),
            service: service
        )
        if workload.applicationTunnel?.usesProxyProtocol == true {
            // The application is told an address, so there must be one.
            guard let vip = place.bestAddress(of: service) else {
                let text = "service \(service.key) has no virtual address to tell the application"
                return .failure(ConnectionFailure(.noUsableAddress, detail: text))
            }
            found.announced = Announcement(
                destination: SocketAddress(ip: vip, port: port),
                host: service.hostname
            )
        }
        return .success(found)
    }

    /// The first `host` of a `Forwarded` header, with or without quotes; nil when there is none.
    package static func serviceHost(forwarded: String?) -> String? {
        guard var forwarded, forwarded.utf8.count <= 1_024 else { return nil }
        return forwarded.withUTF8 { text in
            guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
            for part in text.split(separator: UInt8(ascii: ";")) where part.starts(with: "host=".utf8) {
                let value = part.dropFirst("host=".utf8.count).filter { $0 != UInt8(ascii: "\"") }
                return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
            }
            return nil
        }
    }
}
