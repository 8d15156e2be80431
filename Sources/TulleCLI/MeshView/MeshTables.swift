/// The columns of `istioctl ztunnel-config`, for a ztunnel's state and for the control plane's.
enum MeshTables {
    /// Which rows are shown.
    struct Filter: Sendable, Hashable {
        /// Only this namespace; nil for all.
        var namespace: String?
        /// Only workloads of this node; nil for all.
        var node: String?
        /// Only workloads with this address; nil for all.
        var address: String?
        /// Only what has this name; of a workload its uid and of a service its host name will do too. Nil for all.
        var name: String?

        /// All rows.
        static let all = Filter()

        func takes(_ service: MeshView.Service) -> Bool {
            self.takes(service.namespace, [service.name, service.hostname])
        }

        func takes(_ policy: MeshView.Policy) -> Bool { self.takes(policy.namespace, [policy.name]) }

        func takes(_ workload: MeshView.Workload) -> Bool {
            self.takes(workload.namespace, [workload.name, workload.uid])
                && self.node.map { $0 == workload.node } ?? true
                && self.address.map { workload.addresses.contains($0) || workload.hostname == $0 } ?? true
        }

        private func takes(_ namespace: String, _ names: [String]) -> Bool {
            self.namespace.map { $0 == namespace } ?? true && self.name.map { names.contains($0) } ?? true
        }
    }

    /// One row a workload, by namespace, name and node.
    static func workloads(_ view: MeshView, _ filter: Filter = .all, isWide: Bool = false) -> String {
        var header = ["NAMESPACE", "POD NAME", "ADDRESS", "NODE", "WAYPOINT", "PROTOCOL"]
        if isWide { header += ["STATUS", "SERVICE ACCOUNT", "UID"] }
        var table = Table(header)
        for workload in view.workloads where filter.takes(workload) {
            let address = workload.addresses.first ?? (workload.hostname.isEmpty ? "-" : workload.hostname)
            var row = [
                workload.namespace, workload.name, address, workload.node,
                self.waypoint(workload.waypoint, in: view), workload.transport,
            ]
            if isWide {
                row += [workload.isHealthy ? "Healthy" : "Unhealthy", workload.serviceAccount, workload.uid]
            }
            table.add(row)
        }
        return table.text
    }

    /// One row an address of a service, endpoints as `healthy/all`.
    static func services(_ view: MeshView, _ filter: Filter = .all, isWide: Bool = false) -> String {
        var header = ["NAMESPACE", "SERVICE NAME", "SERVICE VIP", "WAYPOINT", "ENDPOINTS"]
        if isWide { header += ["HOSTNAME", "PORTS"] }
        var table = Table(header)
        for service in view.services where filter.takes(service) {
            let healthy = service.endpoints.count { $0.isHealthy }
            var row = [
                service.namespace, service.name,
                service.addresses.isEmpty ? "-" : service.addresses.joined(separator: ","),
                self.waypoint(service.waypoint, in: view), "\(healthy)/\(service.endpoints.count)",
            ]
            if isWide { row += [service.hostname, self.ports(service)] }
            table.add(row)
        }
        return table.text
    }

    /// One row a policy.
    static func policies(_ view: MeshView, _ filter: Filter = .all) -> String {
        var table = Table(["NAMESPACE", "POLICY NAME", "ACTION", "SCOPE"])
        for policy in view.policies where filter.takes(policy) {
            table.add([
                policy.namespace, policy.name, policy.action + (policy.isDryRun ? " (dry run)" : ""), policy.scope,
            ])
        }
        return table.text
    }

    /// The ports as `80→8080`.
    static func ports(_ service: MeshView.Service) -> String {
        let ports = service.ports.map {
            $0.target == 0 || $0.target == $0.port ? "\($0.port)" : "\($0.port)→\($0.target)"
        }
        return ports.isEmpty ? "-" : ports.joined(separator: ",")
    }

    /// A waypoint by its service's name where that is known, else as it is addressed; `None` for none.
    static func waypoint(_ key: String?, in view: MeshView) -> String {
        guard let key else { return "None" }
        return view.service(ofWaypoint: key)?.name ?? key
    }
}
