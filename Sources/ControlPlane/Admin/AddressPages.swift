import MeshConfig
import MeshModel
import MeshProtos

/// Workloads and services as data planes get them, in the words that Istio's tools read.
enum AddressPages {
    /// All services, with their endpoints, and all workloads of a catalog that is readable.
    struct Content {
        var services: [IstioWorkload.Service] = []
        var workloads: [IstioWorkload.Workload] = []

        /// Reads addresses; those that cannot be read are left out.
        init(_ addresses: some Sequence<[UInt8]>) {
            for bytes in addresses {
                switch (try? IstioWorkload.Address(decoding: bytes))?.kind {
                case .service(let service): self.services.append(service)
                case .workload(let workload): self.workloads.append(workload)
                case nil: break
                }
            }
            self.services.sort { ($0.namespace, $0.hostname) < ($1.namespace, $1.hostname) }
            self.workloads.sort { ($0.namespace, $0.name, $0.uid) < ($1.namespace, $1.name, $1.uid) }
        }

        /// The services' endpoints by the key of the service.
        var endpoints: [String: [IstioWorkload.Workload]] {
            var endpoints: [String: [IstioWorkload.Workload]] = [:]
            for workload in self.workloads {
                for key in workload.services.keys { endpoints[key, default: []].append(workload) }
            }
            return endpoints
        }
    }

    /// - Parameter labels: those by which policies select it; nil where they are not known.
    static func workload(_ workload: IstioWorkload.Workload, labels: [String: String]? = nil) -> ConfigValue {
        PageBuilder.object { page in
            page.set("workloadIps", .list(workload.addresses.map { .string(PageBuilder.address($0)) }))
            page.optional("waypoint", PageBuilder.gateway(workload.waypoint))
            page.optional("networkGateway", PageBuilder.gateway(workload.networkGateway))
            page.text("protocol", workload.tunnelProtocol == .hbone ? "HBONE" : "TCP")
            page.text("networkMode", workload.networkMode == .hostNetwork ? "HostNetwork" : "Standard")
            page.text("uid", workload.uid)
            page.text("name", workload.name)
            page.text("namespace", workload.namespace)
            page.text("trustDomain", workload.trustDomain.isEmpty ? "cluster.local" : workload.trustDomain)
            page.text("serviceAccount", workload.serviceAccount.isEmpty ? "default" : workload.serviceAccount)
            page.text("network", workload.network)
            page.text("workloadName", workload.workloadName)
            page.text("workloadType", Self.type(workload.workloadType))
            page.text("canonicalName", workload.canonicalName)
            page.text("canonicalRevision", workload.canonicalRevision)
            page.text("hostname", workload.hostname)
            page.text("node", workload.node)
            if workload.nativeTunnel { page.set("nativeTunnel", .bool(true)) }
            page.optional("applicationTunnel", workload.applicationTunnel.map(Self.tunnel))
            page.list("authorizationPolicies", workload.authorizationPolicies) { .string($0) }
            page.text("status", Self.status(workload))
            page.text("clusterId", workload.clusterID)
            page.optional("locality", workload.locality.map(Self.locality))
            page.list("services", workload.services.keys.sorted()) { .string($0) }
            page.optional("labels", labels.map { .map($0.mapValues { .string($0) }) })
            page.set("capacity", .integer(Int64(workload.capacity?.value ?? 1)))
        }
    }

    static func service(_ service: IstioWorkload.Service, endpoints: [IstioWorkload.Workload]) -> ConfigValue {
        let key = "\(service.namespace)/\(service.hostname)"
        return PageBuilder.object { page in
            page.text("name", service.name)
            page.text("namespace", service.namespace)
            page.text("hostname", service.hostname)
            let single = service.addresses.filter { $0.length == nil }
            page.set("vips", .list(single.map { .string(PageBuilder.networkAddress($0)) }))
            page.list("cidrVips", service.addresses.filter { $0.length != nil }) { range in
                PageBuilder.object {
                    $0.set("network", .string(range.network))
                    $0.text("cidr", "\(PageBuilder.address(range.address))/\(range.length ?? 0)")
                }
            }
            page.set("ports", PageBuilder.ports(service.ports))
            page.set("endpoints", Self.endpoints(endpoints, of: key))
            page.list("subjectAltNames", service.subjectAltNames) { .string($0) }
            page.optional("waypoint", PageBuilder.gateway(service.waypoint))
            page.list("weightedWaypoints", service.weightedWaypoints) { weighted in
                PageBuilder.object {
                    $0.optional("destination", PageBuilder.gateway(weighted.destination))
                    $0.set("weight", .integer(Int64(weighted.weight)))
                }
            }
            page.optional("loadBalancer", service.loadBalancing.map(Self.loadBalancer))
            switch service.ipFamilies {
            case .ipv4Only: page.text("ipFamilies", "IPv4")
            case .ipv6Only: page.text("ipFamilies", "IPv6")
            case .dual: page.text("ipFamilies", "Dual")
            default: break
            }
            page.set("canonical", .bool(service.isCanonical))
            page.text("visibility", service.visibility == .ownNamespace ? "Namespace" : "Public")
        }
    }

    private static func endpoints(_ workloads: [IstioWorkload.Workload], of key: String) -> ConfigValue {
        var endpoints: [String: ConfigValue] = [:]
        for workload in workloads {
            endpoints[workload.uid] = PageBuilder.object {
                $0.text("workloadUid", workload.uid)
                $0.text("service", key)
                $0.set("address", .list(workload.addresses.map { .string(PageBuilder.address($0)) }))
                $0.set("port", PageBuilder.ports(workload.services[key]?.ports ?? []))
                $0.text("status", Self.status(workload))
            }
        }
        return .map(endpoints)
    }

    private static func status(_ workload: IstioWorkload.Workload) -> String {
        workload.status == .healthy ? "Healthy" : "Unhealthy"
    }

    private static func type(_ type: IstioWorkload.WorkloadType) -> String {
        switch type {
        case .cronJob: "cronjob"
        case .pod: "pod"
        case .job: "job"
        default: "deployment"
        }
    }

    private static func tunnel(_ tunnel: IstioWorkload.ApplicationTunnel) -> ConfigValue {
        PageBuilder.object {
            $0.text("protocol", tunnel.proto == .proxy ? "PROXY" : "NONE")
            if tunnel.port != 0 { $0.set("port", .integer(Int64(tunnel.port))) }
        }
    }

    private static func locality(_ locality: IstioWorkload.Locality) -> ConfigValue {
        PageBuilder.object {
            $0.set("region", .string(locality.region))
            $0.set("zone", .string(locality.zone))
            $0.set("subzone", .string(locality.subzone))
        }
    }

    private static func loadBalancer(_ balancing: IstioWorkload.LoadBalancing) -> ConfigValue {
        let scopes = ["Unspecified", "Region", "Zone", "Subzone", "Node", "Cluster", "Network"]
        let modes = ["Standard", "Strict", "Failover", "Passthrough"]
        func word(_ number: Int32, _ words: [String]) -> String {
            words.indices.contains(Int(number)) ? words[Int(number)] : "\(number)"
        }
        return PageBuilder.object {
            $0.set(
                "routingPreferences",
                .list(balancing.routingPreference.map { .string(word($0.rawValue, scopes)) })
            )
            $0.text("mode", word(balancing.mode.rawValue, modes))
            $0.text("healthPolicy", balancing.healthPolicy == .allowAll ? "AllowAll" : "OnlyHealthy")
        }
    }
}
