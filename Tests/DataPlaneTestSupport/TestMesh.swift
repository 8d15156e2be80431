package import DataPlane
package import MeshModel

/// The mesh of the tests: services `shell` and `echo` of namespace `demo`, one task each.
package enum TestMesh {
    package static func identity(_ name: String) throws -> SPIFFEID {
        try SPIFFEID(trustDomain: "cluster.local", namespace: "demo", serviceAccount: name)
    }

    package static func key(_ name: String) -> NamespacedHostname {
        NamespacedHostname(namespace: "demo", hostname: "\(name).demo.mesh.internal")
    }

    package static func workload(_ name: String, _ address: IPAddress, port: UInt16) throws -> Workload {
        var workload = Workload(uid: "demo/\(name)", identity: try self.identity(name))
        workload.name = "\(name)-1"
        workload.workloadName = name
        workload.canonicalName = name
        workload.clusterID = "c1"
        workload.addresses = [address]
        workload.tunnel = .hbone
        workload.services[self.key(name)] = [ServicePort(port: 80, targetPort: port)]
        return workload
    }

    package static func service(_ name: String, vip: String, port: UInt16) -> Service {
        var service = Service(key: self.key(name), name: name)
        service.ports = [ServicePort(port: 80, targetPort: port)]
        service.vips = IPAddress(parsing: vip).map { [NetworkAddress(network: "", ip: $0)] } ?? []
        return service
    }

    package static func denyAll(of name: String) throws -> AuthorizationPolicy {
        var match = PolicyMatch()
        match.principals = [.exact(try self.identity(name).principal)]
        return AuthorizationPolicy(
            name: "deny-\(name)",
            namespace: "demo",
            scope: .namespace,
            action: .deny,
            rules: [.init(clauses: [.init(matches: [match])])]
        )
    }

    package static func local(_ name: String, _ address: IPAddress, network: String = "") throws -> LocalWorkload {
        LocalWorkload(
            identity: try self.identity(name),
            network: network,
            cluster: "c1",
            meshDomain: "mesh.internal",
            name: "",
            addresses: [address]
        )
    }
}
