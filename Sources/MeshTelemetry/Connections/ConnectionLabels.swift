/// Who talked to whom over what: the labels that Istio's TCP metrics share, and a connection's key among series.
///
/// Text that isn't known stays empty and is shown as `unknown`.
package struct ConnectionLabels: Hashable, Sendable {
    /// Which end of the connection counts.
    package enum Reporter: String, Sendable {
        /// The ztunnel beside the client.
        case source
        /// The ztunnel beside the server.
        case destination
    }

    /// Why a connection ended, as Istio's `response_flags` name it.
    package enum Flag: String, Sendable {
        /// Nothing went wrong.
        case none = "-"
        /// Policy refused it, or cut it when policy changed.
        case denied = "DENY"
        /// Any failure without a name of its own.
        case connect = "CONNECT"
        /// The TLS session could not be set up.
        case tls = "TLS_FAILURE"
        /// HTTP/2 failed before the stream was up.
        case http2 = "H2_HANDSHAKE_FAILURE"
        /// The HBONE port didn't answer: often a firewall or security group.
        case networkPolicy = "NETWORK_POLICY"
        /// This workload has no certificate, or the peer's is not the expected one.
        case identity = "IDENTITY_ERROR"
        /// The peer's certificate was revoked.
        case revoked = "CERT_REVOKED"
    }

    /// One end of a connection.
    package struct Workload: Hashable, Sendable {
        /// The workload's name, such as the ECS service that owns the task.
        package var name = ""
        /// The canonical service.
        package var canonicalService = ""
        /// The canonical revision.
        package var canonicalRevision = ""
        /// The namespace.
        package var namespace = ""
        /// The SPIFFE URI.
        package var principal = ""
        /// The cluster.
        package var cluster = ""
        /// The region; empty leaves the label out.
        package var region = ""
        /// The zone; empty leaves the label out.
        package var zone = ""

        /// A workload of which nothing is known.
        package init() {}
    }

    /// Which end counts.
    package var reporter: Reporter
    /// The client's end.
    package var source = Workload()
    /// The server's end.
    package var destination = Workload()
    /// The hostname of the service that was asked for.
    package var service = ""
    /// That service's namespace.
    package var serviceNamespace = ""
    /// That service's short name.
    package var serviceName = ""
    /// Whether both ends proved an identity.
    package var isMutualTLS = false

    /// Labels with nothing known but who counts.
    package init(reporter: Reporter) {
        self.reporter = reporter
    }

    /// The label names in Istio's order.
    static let names: [String] = [
        "reporter", "source_workload", "source_canonical_service", "source_canonical_revision",
        "source_workload_namespace", "source_principal", "source_app", "source_version", "source_cluster",
        "destination_service", "destination_service_namespace", "destination_service_name", "destination_workload",
        "destination_canonical_service", "destination_canonical_revision", "destination_workload_namespace",
        "destination_principal", "destination_app", "destination_version", "destination_cluster", "request_protocol",
        "response_flags", "connection_security_policy", "source_region", "source_zone", "destination_region",
        "destination_zone",
    ]

    /// The values for ``names``.
    func values(flag: Flag) -> [String] {
        let source = Self.values(of: self.source)
        let destination = Self.values(of: self.destination)
        let service = [self.service, self.serviceNamespace, self.serviceName].map(Self.known)
        let security = self.isMutualTLS ? "mutual_tls" : "unknown"
        return [self.reporter.rawValue] + source + service + destination + ["tcp", flag.rawValue, security]
            + [self.source.region, self.source.zone, self.destination.region, self.destination.zone]
    }

    static func values(of workload: Workload) -> [String] {
        [
            workload.name, workload.canonicalService, workload.canonicalRevision, workload.namespace,
            workload.principal, workload.canonicalService, workload.canonicalRevision, workload.cluster,
        ].map(self.known)
    }

    private static func known(_ text: String) -> String {
        text.isEmpty ? "unknown" : text
    }
}
