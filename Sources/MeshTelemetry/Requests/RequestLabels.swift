/// Who asked whom for what with which outcome: the labels of Istio's request metrics, and the key of a series.
///
/// Three shared references and one number, so that it is hashed in a few instructions.
struct RequestLabels: Hashable, Sendable {
    /// The client.
    let source: PeerLabels
    /// The endpoint.
    let destination: PeerLabels
    /// The service.
    let service: ServiceLabels
    /// Protocol, status, gRPC's status, security and flags.
    let outcome: Outcome

    /// What a request's end says, in one number.
    struct Outcome: Hashable, Sendable {
        private let bits: UInt64

        /// The bits from low to high: 30 of flags, 2 of security, 1 for TCP, 1 for gRPC, 16 of status, and gRPC's
        /// status plus one as far as 8 bits hold it.
        init(_ record: RequestRecord) {
            var bits = UInt64(record.flags.rawValue & 0x3fff_ffff) | UInt64(record.security.rawValue) << 30
            if record.kind == .tcp { bits |= 1 << 32 }
            if record.kind == .http {
                if record.isGRPC { bits |= 1 << 33 }
                bits |= UInt64(record.responseCode) << 34
                if let status = record.grpcStatus, (0..<255).contains(status) { bits |= UInt64(status + 1) << 50 }
            }
            self.bits = bits
        }

        var isTCP: Bool { self.bits >> 32 & 1 == 1 }
        var flags: OutcomeFlags { OutcomeFlags(rawValue: UInt32(self.bits & 0x3fff_ffff)) }

        /// The value of `request_protocol`.
        var requestProtocol: String { self.isTCP ? "tcp" : self.bits >> 33 & 1 == 1 ? "grpc" : "http" }

        /// The value of `response_code`.
        var responseCode: String { "\(self.bits >> 34 & 0xffff)" }

        /// The value of `grpc_response_status`; empty for what is not gRPC.
        var grpcStatus: String {
            let number = self.bits >> 50 & 0xff
            return number == 0 ? "" : "\(number - 1)"
        }

        /// The value of `connection_security_policy`.
        var security: String {
            switch self.bits >> 30 & 3 {
            case 2: "mutual_tls"
            case 1: "none"
            default: "unknown"
            }
        }
    }

    /// The labels of what a record says now.
    init(_ record: RequestRecord) {
        self.source = record.source
        self.destination = record.destination
        self.service = record.service
        self.outcome = Outcome(record)
    }
}

extension RequestLabels {
    /// The label names of requests, in Istio's order.
    static let httpNames: [String] = [
        "reporter", "source_workload", "source_canonical_service", "source_canonical_revision",
        "source_workload_namespace", "source_principal", "source_app", "source_version", "source_cluster",
        "destination_workload", "destination_workload_namespace", "destination_principal", "destination_app",
        "destination_version", "destination_service", "destination_canonical_service",
        "destination_canonical_revision", "destination_service_name", "destination_service_namespace",
        "destination_cluster", "request_protocol", "response_code", "grpc_response_status", "response_flags",
        "connection_security_policy",
    ]

    /// The label names of opaque connections, in the same order.
    static let tcpNames = Self.httpNames.filter { $0 != "response_code" && $0 != "grpc_response_status" }

    /// The names for ``values``.
    var names: [String] { self.outcome.isTCP ? Self.tcpNames : Self.httpNames }

    /// The values by ``names``.
    var values: [String] {
        let (source, destination, outcome) = (self.source, self.destination, self.outcome)
        func known(_ text: String) -> String { text.isEmpty ? "unknown" : text }
        var values = [
            "waypoint", known(source.workload), known(source.canonicalService),
            // Istio's default for the client's revision, and only for it.
            source.canonicalRevision.isEmpty ? "latest" : source.canonicalRevision,
            known(source.namespace), known(source.principal), known(source.app), known(source.version),
            known(source.cluster), known(destination.workload), known(destination.namespace),
            known(destination.principal), known(destination.app), known(destination.version),
            known(self.service.host), known(destination.canonicalService), known(destination.canonicalRevision),
            known(self.service.name), known(self.service.namespace), known(destination.cluster),
            outcome.requestProtocol,
        ]
        if !outcome.isTCP { values += [outcome.responseCode, outcome.grpcStatus] }
        return values + [outcome.flags.text, outcome.security]
    }
}
