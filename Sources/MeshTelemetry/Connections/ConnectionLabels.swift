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
    package enum Flag: String, Sendable, CaseIterable {
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

        /// The flag's place among all flags.
        var index: Int {
            switch self {
            case .none: 0
            case .denied: 1
            case .connect: 2
            case .tls: 3
            case .http2: 4
            case .networkPolicy: 5
            case .identity: 6
            case .revoked: 7
            }
        }
    }

    /// One end of a connection.
    package struct Workload: Hashable, Sendable {
        /// The workload's name, such as the ECS service that owns the task.
        package var name = ""
        /// The canonical service.
        package var canonicalService = ""
        /// The canonical revision, shown as the version as well.
        package var canonicalRevision = ""
        /// The application: the canonical service, but the workload's name where only the peer's baggage tells.
        package var app = ""
        /// The namespace.
        package var namespace = ""
        /// The SPIFFE URI.
        package var principal = ""
        /// The cluster.
        package var cluster = ""
        /// The region.
        package var region = ""
        /// The zone.
        package var zone = ""
        /// Whether there is a workload behind the labels; without one on either end regions and zones are left out.
        package var isKnown = false

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

    /// The labels of one end, in Istio's order; `source` and `destination` in front name the end.
    private static let endNames = [
        "workload", "canonical_service", "canonical_revision", "workload_namespace", "principal", "app", "version",
        "cluster",
    ]

    /// The names of ``sourceValues``.
    static let sourceNames = Self.endNames.map { "source_\($0)" }

    /// The label names in Istio's order.
    static let names: [String] =
        ["reporter"] + Self.sourceNames
        + ["destination_service", "destination_service_namespace", "destination_service_name"]
        + Self.endNames.map { "destination_\($0)" }
        + [
            "request_protocol", "response_flags", "connection_security_policy", "source_region", "source_zone",
            "destination_region", "destination_zone",
        ]

    /// The values for ``names``.
    func values(flag: Flag) -> [String] {
        let service = [self.service, self.serviceNamespace, self.serviceName].map(Self.known)
        let security = self.isMutualTLS ? "mutual_tls" : "unknown"
        let places = [self.source.region, self.source.zone, self.destination.region, self.destination.zone]
        let hasPlace = self.source.isKnown || self.destination.isKnown
        return [self.reporter.rawValue] + self.source.values + service + self.destination.values
            + ["tcp", flag.rawValue, security] + (hasPlace ? places.map(Self.known) : places.map { _ in "" })
    }

    static func known(_ text: String) -> String { text.isEmpty ? "unknown" : text }
}

extension ConnectionLabels.Workload {
    /// The values of the end's labels.
    package var values: [String] {
        [
            self.name, self.canonicalService, self.canonicalRevision, self.namespace, self.principal, self.app,
            self.canonicalRevision, self.cluster,
        ].map(ConnectionLabels.known)
    }
}
