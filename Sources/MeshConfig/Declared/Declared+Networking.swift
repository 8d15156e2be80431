extension Declared {
    /// `networking.istio.io/v1` ServiceEntry: a service that ECS does not know.
    package struct ServiceEntry: Hashable, Sendable {
        package enum Location: String, Hashable, Sendable, CaseIterable {
            case external = "MESH_EXTERNAL"
            case `internal` = "MESH_INTERNAL"
        }

        package enum Resolution: String, Hashable, Sendable, CaseIterable {
            case none = "NONE"
            case `static` = "STATIC"
            case dns = "DNS"
            case dnsRoundRobin = "DNS_ROUND_ROBIN"
            case dynamicDNS = "DYNAMIC_DNS"
        }

        /// One port of the service.
        package struct Port: Hashable, Sendable {
            package var number: UInt16
            package var name: String
            /// In upper case, such as `HTTP`, `GRPC`, `TCP`, `TLS`; empty where none was written.
            package var `protocol`: String
            /// Where endpoints listen; nil for `number`.
            package var targetPort: UInt16?

            /// Makes a port.
            package init(number: UInt16, name: String, protocol: String = "", targetPort: UInt16? = nil) {
                self.number = number
                self.name = name
                self.protocol = `protocol`
                self.targetPort = targetPort
            }
        }

        package var hosts: [String]
        /// Virtual addresses: IP addresses or CIDR blocks.
        package var addresses: [String]
        package var ports: [Port]
        package var location: Location
        package var resolution: Resolution
        /// Endpoints written in place.
        package var endpoints: [WorkloadEntry]
        /// Selects workloads of the namespace as endpoints instead.
        package var workloadSelector: Selector?
        /// SPIFFE ids or names that endpoints may prove.
        package var subjectAltNames: [String]
        /// Namespaces that may see it: `.`, `*`, `~` or names.
        package var exportTo: [String]

        /// Makes an entry.
        package init(
            hosts: [String],
            addresses: [String] = [],
            ports: [Port] = [],
            location: Location = .external,
            resolution: Resolution = .none,
            endpoints: [WorkloadEntry] = [],
            workloadSelector: Selector? = nil,
            subjectAltNames: [String] = [],
            exportTo: [String] = []
        ) {
            self.hosts = hosts
            self.addresses = addresses
            self.ports = ports
            self.location = location
            self.resolution = resolution
            self.endpoints = endpoints
            self.workloadSelector = workloadSelector
            self.subjectAltNames = subjectAltNames
            self.exportTo = exportTo
        }
    }

    /// `networking.istio.io/v1` WorkloadEntry: a machine that is no task, or an endpoint of a ServiceEntry.
    package struct WorkloadEntry: Hashable, Sendable {
        /// An IP address or a DNS name; may be empty where `network` is set.
        package var address: String
        /// Where it listens, by the name of the service's port.
        package var ports: [String: UInt16]
        package var labels: [String: String]
        /// Its network; nil for the mesh's own.
        package var network: String?
        /// `region/zone/subzone`; empty where unknown.
        package var locality: String
        /// Its capacity; nil for 1.
        package var weight: UInt32?
        package var serviceAccount: String

        /// Makes an entry.
        package init(
            address: String,
            ports: [String: UInt16] = [:],
            labels: [String: String] = [:],
            network: String? = nil,
            locality: String = "",
            weight: UInt32? = nil,
            serviceAccount: String = ""
        ) {
            self.address = address
            self.ports = ports
            self.labels = labels
            self.network = network
            self.locality = locality
            self.weight = weight
            self.serviceAccount = serviceAccount
        }
    }

    /// `gateway.networking.k8s.io/v1` Gateway: in Tulle a waypoint (class `istio-waypoint` or `tulle-waypoint`), or an
    /// east-west gateway (`istio-east-west`, `istio-remote`).
    package struct Gateway: Hashable, Sendable {
        package enum RouteNamespaces: Hashable, Sendable {
            case same
            case all
            case selector(LabelSelector)
        }

        /// One port that it listens on.
        package struct Listener: Hashable, Sendable {
            package var name: String
            package var port: UInt16
            /// As written: `HBONE`, `HTTP`, `istio.io/PROXY`, …
            package var `protocol`: String
            package var hostname: String?
            /// `tls.mode`; nil where no TLS was written.
            package var tlsMode: String?
            /// `allowedRoutes.namespaces`.
            package var allowedNamespaces: RouteNamespaces

            /// Makes a listener.
            package init(
                name: String,
                port: UInt16,
                protocol: String,
                hostname: String? = nil,
                tlsMode: String? = nil,
                allowedNamespaces: RouteNamespaces = .same
            ) {
                self.name = name
                self.port = port
                self.protocol = `protocol`
                self.hostname = hostname
                self.tlsMode = tlsMode
                self.allowedNamespaces = allowedNamespaces
            }
        }

        /// Where it can be reached.
        package enum Address: Hashable, Sendable {
            /// `type: IPAddress`.
            case ip(String)
            /// `type: Hostname`.
            case hostname(String)
        }

        package var gatewayClassName: String
        package var listeners: [Listener]
        /// `spec.addresses`. Without any, a waypoint's service of its own name is its address.
        package var addresses: [Address]
        /// `spec.infrastructure`.
        package var infrastructureLabels: [String: String]
        package var infrastructureAnnotations: [String: String]

        /// Makes a gateway.
        package init(
            gatewayClassName: String,
            listeners: [Listener] = [],
            addresses: [Address] = [],
            infrastructureLabels: [String: String] = [:],
            infrastructureAnnotations: [String: String] = [:]
        ) {
            self.gatewayClassName = gatewayClassName
            self.listeners = listeners
            self.addresses = addresses
            self.infrastructureLabels = infrastructureLabels
            self.infrastructureAnnotations = infrastructureAnnotations
        }
    }
}
