package import MeshModel

// The mesh's state in the words of Istio's ztunnel.
extension JSONWriter {
    /// A member whose text is left out when it is empty.
    private mutating func optional(_ name: String, _ value: String) {
        if !value.isEmpty { self.member(name, value) }
    }

    private mutating func strings(_ name: String, _ values: some Sequence<String>) {
        self.name(name)
        self.array { writer in for value in values { writer.string(value) } }
    }

    private mutating func gateway(_ name: String, _ gateway: GatewayAddress?) {
        guard let gateway else { return }
        self.name(name)
        self.gateway(gateway)
    }

    private mutating func gateway(_ gateway: GatewayAddress) {
        self.object { writer in
            switch gateway.destination {
            case .hostname(let name): writer.member("destination", "\(name)")
            case .address(let address): writer.member("destination", "\(address)")
            }
            writer.member("hboneMtlsPort", gateway.hbonePort)
        }
    }

    /// A workload.
    package mutating func workload(_ workload: Workload) {
        self.object { writer in
            writer.strings("workloadIps", workload.addresses.map { "\($0)" })
            writer.gateway("waypoint", workload.waypoint)
            writer.gateway("networkGateway", workload.networkGateway)
            writer.member("protocol", workload.tunnel == .hbone ? "HBONE" : "TCP")
            writer.member("networkMode", workload.usesHostNetwork ? "HostNetwork" : "Standard")
            writer.optional("uid", workload.uid)
            writer.member("name", workload.name)
            writer.member("namespace", workload.namespace)
            writer.optional("trustDomain", workload.identity.trustDomain)
            writer.optional("serviceAccount", workload.identity.serviceAccount)
            writer.optional("network", workload.network)
            writer.optional("workloadName", workload.workloadName)
            writer.optional("workloadType", workload.kind.rawValue)
            writer.optional("canonicalName", workload.canonicalName)
            writer.optional("canonicalRevision", workload.canonicalRevision)
            writer.optional("hostname", workload.hostname)
            writer.optional("node", workload.node)
            if workload.hasNativeTunnel { writer.member("nativeTunnel", true) }
            if let tunnel = workload.applicationTunnel {
                writer.name("applicationTunnel")
                writer.object { writer in
                    writer.member("protocol", tunnel.usesProxyProtocol ? "PROXY" : "NONE")
                    if let port = tunnel.port { writer.member("port", port) }
                }
            }
            if !workload.authorizationPolicies.isEmpty {
                writer.strings("authorizationPolicies", workload.authorizationPolicies)
            }
            writer.member("status", Self.status(workload))
            writer.member("clusterId", workload.clusterID)
            writer.locality(workload.locality)
            if !workload.services.isEmpty {
                writer.strings("services", workload.services.keys.sorted().map { "\($0)" })
            }
            writer.member("capacity", workload.capacity)
        }
    }

    private static func status(_ workload: Workload) -> String { workload.isHealthy ? "Healthy" : "Unhealthy" }

    private mutating func locality(_ locality: Locality) {
        guard locality != Locality() else { return }
        self.name("locality")
        self.object { writer in
            writer.member("region", locality.region)
            writer.member("zone", locality.zone)
            writer.member("subzone", locality.subzone)
        }
    }

    /// A service with its endpoints.
    package mutating func service(_ service: Service, in snapshot: MeshSnapshot) {
        self.object { writer in
            writer.member("name", service.name)
            writer.member("namespace", service.namespace)
            writer.member("hostname", service.hostname)
            writer.strings("vips", service.vips.map { "\($0)" })
            writer.ranges(service.ranges)
            writer.name("ports")
            writer.ports(service.ports)
            writer.name("endpoints")
            writer.endpoints(of: service.key, in: snapshot)
            writer.strings("subjectAltNames", service.subjectAltNames.map(\.uri))
            writer.gateway("waypoint", service.waypoint)
            writer.waypoints(service.weightedWaypoints)
            writer.loadBalancing(service.loadBalancing)
            switch service.families {
            case .automatic: break
            case .v4Only: writer.member("ipFamilies", "IPv4")
            case .v6Only: writer.member("ipFamilies", "IPv6")
            case .dual: writer.member("ipFamilies", "Dual")
            }
            writer.member("canonical", service.isCanonical)
            writer.member("visibility", service.visibility == .everywhere ? "Public" : "Namespace")
        }
    }

    private mutating func ranges(_ ranges: [NetworkRange]) {
        guard !ranges.isEmpty else { return }
        self.name("cidrVips")
        self.array { writer in
            for range in ranges {
                writer.object { writer in
                    writer.member("network", range.network)
                    writer.member("cidr", "\(range.base)/\(range.prefixLength)")
                }
            }
        }
    }

    private mutating func ports(_ ports: [ServicePort]) {
        self.object { writer in
            var written: Set<UInt16> = []
            for port in ports.sorted(by: { $0.port < $1.port }) where written.insert(port.port).inserted {
                writer.member("\(port.port)", port.targetPort)
            }
        }
    }

    /// The endpoints of a service by their uids.
    package mutating func endpoints(of key: NamespacedHostname, in snapshot: MeshSnapshot) {
        self.object { writer in
            for endpoint in snapshot.endpoints(of: key) {
                writer.name(endpoint.uid)
                writer.object { writer in
                    writer.member("workloadUid", endpoint.uid)
                    writer.name("port")
                    writer.ports(endpoint.services[key] ?? [])
                    writer.member("status", Self.status(endpoint))
                }
            }
        }
    }

    private mutating func waypoints(_ waypoints: [WeightedWaypoint]) {
        guard !waypoints.isEmpty else { return }
        self.name("weightedWaypoints")
        self.array { writer in
            for waypoint in waypoints {
                writer.object { writer in
                    writer.name("destination")
                    writer.gateway(waypoint.gateway)
                    writer.member("weight", waypoint.weight)
                }
            }
        }
    }

    private mutating func loadBalancing(_ balancing: LoadBalancing) {
        guard balancing != LoadBalancing() else { return }
        self.name("loadBalancer")
        self.object { writer in
            writer.strings("routingPreferences", balancing.preference.map { Self.word($0.rawValue) })
            writer.member("mode", balancing.mode == .any ? "Standard" : Self.word(balancing.mode.rawValue))
            writer.member("healthPolicy", balancing.allowsUnhealthy ? "AllowAll" : "OnlyHealthy")
        }
    }

    /// The text with its first letter in upper case.
    private static func word(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
