import MeshModel
import MeshYAML

extension LocalYAML {
    /// Reads an element of `workloads`.
    static func workload(_ value: YAMLValue) throws(YAMLError) -> Workload {
        var fields = try value.fields()
        let namespace = try self.name(try fields.require("namespace"))
        let name = try fields.take("name")?.text() ?? ""
        let account = try fields.take("serviceAccount")?.text() ?? ""
        let trustDomain = try fields.take("trustDomain")?.text() ?? ""
        let identity: SPIFFEID
        do throws(SPIFFEIDError) {
            identity = try SPIFFEID(
                trustDomain: trustDomain.isEmpty ? "cluster.local" : trustDomain,
                namespace: namespace,
                serviceAccount: account.isEmpty ? "default" : account
            )
        } catch {
            throw value.error("trustDomain, namespace and serviceAccount make no identity: \(error)")
        }
        let cluster = try fields.take("clusterId")?.text() ?? ""
        var uid = try fields.take("uid")?.text() ?? ""
        if uid.isEmpty {
            guard !name.isEmpty else { throw value.error("field uid is missing, and there is no name to make one of") }
            uid = "\(cluster.isEmpty ? "Kubernetes" : cluster)//Pod/\(namespace)/\(name)"
        }
        var workload = Workload(uid: uid, identity: identity)
        workload.name = name
        workload.clusterID = cluster.isEmpty ? "Kubernetes" : cluster
        workload.addresses = try self.list(try fields.require("workloadIps"), self.ip)
        workload.network = try fields.take("network")?.text() ?? ""
        workload.hostname = try fields.take("hostname")?.text() ?? ""
        workload.node = try fields.take("node")?.text() ?? ""
        if let tunnel = fields.take("protocol") { workload.tunnel = try tunnel.word(["HBONE": .hbone, "TCP": .none]) }
        workload.usesHostNetwork =
            try fields.take("networkMode")?.word(["Standard": false, "HostNetwork": true]) ?? false
        workload.hasNativeTunnel = try fields.take("nativeTunnel")?.flag() ?? false
        workload.isHealthy = try fields.take("status")?.word(["Healthy": true, "Unhealthy": false]) ?? true
        workload.capacity = try fields.take("capacity")?.integer(in: 0...UInt32.max) ?? 1
        workload.workloadName = try fields.take("workloadName")?.text() ?? ""
        workload.kind =
            try fields.take("workloadType")?
            .word(["pod": .pod, "deployment": .deployment, "cronjob": .cronjob, "job": .job]) ?? .pod
        workload.canonicalName = try fields.take("canonicalName")?.text() ?? ""
        workload.canonicalRevision = try fields.take("canonicalRevision")?.text() ?? ""
        workload.authorizationPolicies = try self.list(fields.take("authorizationPolicies"), self.policyKey)
        if let gateway = fields.take("waypoint") { workload.waypoint = try self.gateway(gateway) }
        if let gateway = fields.take("networkGateway") { workload.networkGateway = try self.gateway(gateway) }
        if let tunnel = fields.take("applicationTunnel") {
            workload.applicationTunnel = try self.applicationTunnel(tunnel)
        }
        if let locality = fields.take("locality") { workload.locality = try self.locality(locality) }
        for (key, ports) in try fields.take("services")?.entries() ?? [] {
            guard let service = NamespacedHostname(parsing: try key.text()) else {
                throw key.error(allowed: "keys are namespace/hostname")
            }
            workload.services[service] = try self.ports(ports)
        }
        try fields.finish()
        return workload
    }

    private static func policyKey(_ value: YAMLValue) throws(YAMLError) -> String {
        let text = try value.text()
        guard text.split(separator: "/", omittingEmptySubsequences: false).count == 2, text.first != "/",
            text.last != "/"
        else { throw value.error(allowed: "namespace/name") }
        return text
    }

    private static func applicationTunnel(_ value: YAMLValue) throws(YAMLError) -> Workload.ApplicationTunnel {
        var fields = try value.fields()
        let usesProxy = try fields.require("protocol").word(["NONE": false, "PROXY": true])
        let port: UInt16? = try fields.take("port")?.integer(in: 1...UInt16.max)
        try fields.finish()
        return Workload.ApplicationTunnel(usesProxyProtocol: usesProxy, port: port)
    }

    private static func locality(_ value: YAMLValue) throws(YAMLError) -> Locality {
        var fields = try value.fields()
        let locality = Locality(
            region: try fields.take("region")?.text() ?? "",
            zone: try fields.take("zone")?.text() ?? "",
            subzone: try fields.take("subzone")?.text() ?? ""
        )
        try fields.finish()
        return locality
    }
}
