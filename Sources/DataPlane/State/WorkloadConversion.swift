import MeshModel
import MeshProtos

extension Workload {
    /// Reads a workload of the wire. What is unknown, or would have to be guessed, is refused.
    init(_ wire: IstioWorkload.Workload) throws(ConversionError) {
        guard !wire.uid.isEmpty else { throw ConversionError("uid", "empty", allowed: "a workload must have one") }
        let identity: SPIFFEID
        do throws(SPIFFEIDError) {
            identity = try SPIFFEID(
                trustDomain: wire.trustDomain.isEmpty ? "cluster.local" : wire.trustDomain,
                namespace: wire.namespace,
                serviceAccount: wire.serviceAccount.isEmpty ? "default" : wire.serviceAccount
            )
        } catch {
            let parts = "\(wire.trustDomain), \(wire.namespace), \(wire.serviceAccount)"
            throw ConversionError("trust_domain, namespace, service_account", parts, allowed: "\(error)")
        }
        self.init(uid: wire.uid, identity: identity)
        self.name = wire.name
        self.network = wire.network
        for bytes in wire.addresses { self.addresses.append(try WireValue.ip(bytes, "addresses")) }
        self.hostname = wire.hostname
        self.tunnel = try Self.tunnel(wire.tunnelProtocol)
        self.hasNativeTunnel = wire.nativeTunnel
        self.authorizationPolicies = wire.authorizationPolicies
        self.capacity = wire.capacity?.value ?? 1
        self.waypoint = try wire.waypoint.map(WireValue.gateway("waypoint"))
        self.networkGateway = try wire.networkGateway.map(WireValue.gateway("network_gateway"))
        if let place = wire.locality {
            self.locality = Locality(region: place.region, zone: place.zone, subzone: place.subzone)
        }
        self.node = wire.node
        self.clusterID = wire.clusterID.isEmpty ? "Kubernetes" : wire.clusterID
        self.canonicalName = wire.canonicalName
        self.canonicalRevision = wire.canonicalRevision
        self.workloadName = wire.workloadName
        self.kind = Self.kind(wire.workloadType)
        self.isHealthy = try Self.isHealthy(wire.status)
        self.usesHostNetwork = try Self.usesHostNetwork(wire.networkMode)
        for (name, ports) in wire.services {
            guard let key = NamespacedHostname(parsing: name) else {
                throw ConversionError("services", name, allowed: "keys are namespace/hostname")
            }
            self.services[key] = try WireValue.ports(ports.ports, "services[\(name)].ports")
        }
        self.labels = try Self.labels(wire.extensions)
        if let tunnel = wire.applicationTunnel { self.applicationTunnel = try Self.applicationTunnel(tunnel) }
    }

    /// The labels that `tulled` sends along; what others add is none of ours.
    private static func labels(_ extensions: [IstioWorkload.Extension]) throws(ConversionError) -> [String: String] {
        guard let config = extensions.compactMap(\.config).first(where: { $0.typeURL == TulleL7.workloadLabelsTypeURL })
        else { return [:] }
        do throws(ProtoError) {
            return try TulleL7.WorkloadLabels(decoding: config.value).labels
        } catch {
            throw ConversionError("extensions", "not \(TulleL7.workloadLabelsTypeURL)", allowed: "\(error)")
        }
    }

    private static func tunnel(_ wire: IstioWorkload.TunnelProtocol) throws(ConversionError) -> Tunnel {
        switch wire {
        case .none: .none
        case .hbone: .hbone
        default: throw ConversionError("tunnel_protocol", wire.rawValue, allowed: "0 (none) and 1 (HBONE) are known")
        }
    }

    private static func isHealthy(_ wire: IstioWorkload.WorkloadStatus) throws(ConversionError) -> Bool {
        switch wire {
        case .healthy: true
        case .unhealthy: false
        default: throw ConversionError("status", wire.rawValue, allowed: "0 and 1 are known")
        }
    }

    private static func usesHostNetwork(_ wire: IstioWorkload.NetworkMode) throws(ConversionError) -> Bool {
        switch wire {
        case .standard: false
        case .hostNetwork: true
        default: throw ConversionError("network_mode", wire.rawValue, allowed: "0 and 1 are known")
        }
    }

    /// Only telemetry shows it, so an unknown one is no reason to refuse the workload.
    private static func kind(_ wire: IstioWorkload.WorkloadType) -> Kind {
        switch wire {
        case .deployment: .deployment
        case .cronJob: .cronjob
        case .job: .job
        default: .pod
        }
    }

    private static func applicationTunnel(
        _ wire: IstioWorkload.ApplicationTunnel
    ) throws(ConversionError) -> ApplicationTunnel {
        guard wire.proto == .none || wire.proto == .proxy else {
            throw ConversionError("application_tunnel.protocol", wire.proto.rawValue, allowed: "0 and 1 are known")
        }
        let port = try WireValue.port(wire.port, "application_tunnel.port")
        return ApplicationTunnel(usesProxyProtocol: wire.proto == .proxy, port: port == 0 ? nil : port)
    }
}
