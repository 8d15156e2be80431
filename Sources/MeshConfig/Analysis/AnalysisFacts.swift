/// What a running mesh knows beside what is declared: its ECS services, tasks and roles.
package struct AnalysisFacts: Hashable, Sendable {
    /// A service of the mesh.
    package struct Service: Hashable, Sendable {
        package var namespace: String
        package var name: String
        package var hostname: String
        /// Its virtual addresses, or blocks of them.
        package var addresses: [String]
        package var ports: [UInt16]
        /// The waypoint that it is bound to, as `namespace/name`; nil for none.
        package var waypoint: String?

        /// Describes a service.
        package init(
            namespace: String,
            name: String,
            hostname: String,
            addresses: [String] = [],
            ports: [UInt16] = [],
            waypoint: String? = nil
        ) {
            self.namespace = namespace
            self.name = name
            self.hostname = hostname
            self.addresses = addresses
            self.ports = ports
            self.waypoint = waypoint
        }
    }

    /// A workload of the mesh.
    package struct Workload: Hashable, Sendable {
        package var namespace: String
        package var name: String
        package var serviceAccount: String
        /// Its labels; nil where nothing is known of them.
        package var labels: [String: String]?
        /// The ports it listens on, as far as services tell.
        package var ports: Set<UInt16>
        /// Keys `namespace/hostname` of its services.
        package var services: Set<String>

        /// Describes a workload.
        package init(
            namespace: String,
            name: String,
            serviceAccount: String,
            labels: [String: String]? = nil,
            ports: Set<UInt16> = [],
            services: Set<String> = []
        ) {
            self.namespace = namespace
            self.name = name
            self.serviceAccount = serviceAccount
            self.labels = labels
            self.ports = ports
            self.services = services
        }
    }

    /// A role that tasks run with.
    package struct Role: Hashable, Sendable {
        /// Its ARN.
        package var arn: String
        /// Who runs with it, such as `service web of cluster shop`.
        package var user: String

        /// Describes a role.
        package init(arn: String, user: String) {
            self.arn = arn
            self.user = user
        }
    }

    package var services: [Service]
    package var workloads: [Workload]
    /// Roles of enrolled tasks; empty where nothing is known of them.
    package var roles: [Role]

    /// Collects facts.
    package init(services: [Service] = [], workloads: [Workload] = [], roles: [Role] = []) {
        self.services = services
        self.workloads = workloads
        self.roles = roles
    }
}
