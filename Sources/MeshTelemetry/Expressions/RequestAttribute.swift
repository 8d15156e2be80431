/// A fact about a request that an expression can ask for, by the name that Envoy and Istio give it.
enum RequestAttribute: String, CaseIterable, Sendable {
    case requestPath = "request.path"
    case requestURLPath = "request.url_path"
    case requestQuery = "request.query"
    case requestHost = "request.host"
    case requestScheme = "request.scheme"
    case requestMethod = "request.method"
    case requestID = "request.id"
    case requestProtocol = "request.protocol"
    case requestDuration = "request.duration"
    case requestSize = "request.size"
    case requestTotalSize = "request.total_size"
    case responseCode = "response.code"
    case responseDetails = "response.code_details"
    case responseFlags = "response.flags"
    case responseGRPCStatus = "response.grpc_status"
    case responseSize = "response.size"
    case responseTotalSize = "response.total_size"
    case responseLatency = "response.backend_latency"
    case sourceAddress = "source.address"
    case sourcePort = "source.port"
    case destinationAddress = "destination.address"
    case destinationPort = "destination.port"
    case connectionID = "connection.id"
    case connectionMTLS = "connection.mtls"
    case connectionServerName = "connection.requested_server_name"
    case connectionPeerURI = "connection.uri_san_peer_certificate"
    case connectionLocalURI = "connection.uri_san_local_certificate"
    case connectionTermination = "connection.termination_details"
    case upstreamAddress = "upstream.address"
    case upstreamPort = "upstream.port"
    case upstreamLocalAddress = "upstream.local_address"
    case upstreamPeerURI = "upstream.uri_san_peer_certificate"
    case upstreamFailure = "upstream.transport_failure_reason"
    case upstreamAttempts = "upstream.request_attempt_count"
    case clusterName = "xds.cluster_name"
    case routeName = "xds.route_name"
}

extension RequestAttribute {
    /// What the record says; nil when it says nothing, which makes most expressions false.
    func value(_ record: RequestRecord) -> ExpressionValue? {
        func text(_ text: String?) -> ExpressionValue? { text.map { .text($0) } }
        func known(_ text: String) -> ExpressionValue? { text.isEmpty ? nil : .text(text) }
        func count(_ number: some BinaryInteger) -> ExpressionValue { .number(Int64(clamping: number)) }
        func port(_ address: String?) -> ExpressionValue? {
            address.flatMap { AddressText.port($0) }.flatMap { UInt16($0) }.map { count($0) }
        }
        /// Requests have these, opaque connections don't.
        func http(_ value: ExpressionValue?) -> ExpressionValue? { record.kind == .http ? value : nil }
        return switch self {
        case .requestPath: http(.text(record.originalPath ?? record.path))
        case .requestURLPath: http(.text(RequestPath.withoutQuery(record.originalPath ?? record.path)))
        case .requestQuery: http(.text(RequestPath.query(record.originalPath ?? record.path)))
        case .requestHost: http(.text(record.authority))
        case .requestScheme: http(.text(record.scheme))
        case .requestMethod: http(.text(record.method))
        case .requestID: text(record.requestID)
        case .requestProtocol: text(record.version?.rawValue)
        case .requestDuration: record.timing[.responseEnd].map { .duration(microseconds: Int64(clamping: $0)) }
        case .requestSize: count(record.received.body)
        case .requestTotalSize: count(record.received.body &+ record.received.headers)
        case .responseCode: http(count(record.responseCode))
        case .responseDetails: known(record.responseDetails)
        case .responseFlags: count(record.flags.rawValue)
        case .responseGRPCStatus: record.grpcStatus.map { count($0) }
        case .responseSize: count(record.sent.body)
        case .responseTotalSize: count(record.sent.body &+ record.sent.headers)
        case .responseLatency:
            record.timing.between(.forwardBegin, .answerBegin).map { .duration(microseconds: Int64(clamping: $0)) }
        case .sourceAddress: text(record.downstreamRemoteAddress)
        case .sourcePort: port(record.downstreamRemoteAddress)
        case .destinationAddress: text(record.downstreamLocalAddress)
        case .destinationPort: port(record.downstreamLocalAddress)
        case .connectionID: count(record.connection)
        case .connectionMTLS: .truth(record.security == .mutualTLS)
        case .connectionServerName: text(record.serverName)
        case .connectionPeerURI: known(record.source.principal)
        case .connectionLocalURI: known(record.localPrincipal)
        case .connectionTermination: text(record.terminationDetails)
        case .upstreamAddress: text(record.upstreamHost)
        case .upstreamPort: port(record.upstreamHost)
        case .upstreamLocalAddress: text(record.upstreamLocalAddress)
        case .upstreamPeerURI: known(record.destination.principal)
        case .upstreamFailure: text(record.upstreamFailure)
        case .upstreamAttempts: count(record.attempts)
        case .clusterName: known(record.cluster)
        case .routeName: known(record.routeName)
        }
    }
}

/// A fact about one of the two workloads, as Istio's peer objects have it.
enum PeerAttribute: String, CaseIterable, Sendable {
    case name
    case workload
    case namespace
    case cluster
    case service
    case revision
    case app
    case version
    case type
    case identity

    /// What the labels say; nil when they don't.
    func value(_ peer: PeerLabels) -> ExpressionValue? {
        let text =
            switch self {
            case .name: peer.instance
            case .workload: peer.workload
            case .namespace: peer.namespace
            case .cluster: peer.cluster
            case .service: peer.canonicalService
            case .revision: peer.canonicalRevision
            case .app: peer.app
            case .version: peer.version
            case .type: peer.kind
            case .identity: peer.principal
            }
        return text.isEmpty ? nil : .text(text)
    }
}

/// Parts of a request's path.
enum RequestPath {
    /// The path in front of the query.
    static func withoutQuery(_ path: String) -> String {
        guard let mark = path.utf8.firstIndex(of: UInt8(ascii: "?")) else { return path }
        return String(path[..<mark])
    }

    /// The query behind the first question mark; empty without one.
    static func query(_ path: String) -> String {
        guard let mark = path.utf8.firstIndex(of: UInt8(ascii: "?")) else { return "" }
        return String(path[path.utf8.index(after: mark)...])
    }
}

/// Parts of `host:port`, where an IPv6 address stands in brackets.
enum AddressText {
    /// The host without port and brackets.
    static func host(_ address: String) -> String {
        var host = address[...]
        if self.port(address) != nil, let colon = address.utf8.lastIndex(of: UInt8(ascii: ":")) {
            host = address[..<colon]
        }
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
    }

    /// The port's digits; nil without one.
    static func port(_ address: String) -> String? {
        guard let colon = address.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = address[address.utf8.index(after: colon)...]
        return digits.isEmpty || !digits.utf8.allSatisfy({ (48...57).contains($0) }) ? nil : String(digits)
    }
}
