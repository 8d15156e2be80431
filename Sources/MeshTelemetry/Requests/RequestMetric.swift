/// One of Istio's request metrics.
package enum RequestMetric: Int, CaseIterable, Sendable {
    /// Requests that ended.
    case requestCount
    /// How long they took.
    case requestDuration
    /// Bytes of requests.
    case requestSize
    /// Bytes of answers.
    case responseSize
    /// gRPC messages of clients.
    case requestMessages
    /// gRPC messages of servers.
    case responseMessages
    /// Opaque connections that began.
    case tcpOpened
    /// Opaque connections that ended.
    case tcpClosed
    /// Bytes to clients.
    case tcpSent
    /// Bytes from clients.
    case tcpReceived

    /// The family.
    package var name: String {
        switch self {
        case .requestCount: "istio_requests_total"
        case .requestDuration: "istio_request_duration_milliseconds"
        case .requestSize: "istio_request_bytes"
        case .responseSize: "istio_response_bytes"
        case .requestMessages: "istio_request_messages_total"
        case .responseMessages: "istio_response_messages_total"
        case .tcpOpened: "istio_tcp_connections_opened_total"
        case .tcpClosed: "istio_tcp_connections_closed_total"
        case .tcpSent: "istio_tcp_sent_bytes_total"
        case .tcpReceived: "istio_tcp_received_bytes_total"
        }
    }

    /// The name in Istio's Telemetry API.
    package var telemetryName: String {
        switch self {
        case .requestCount: "REQUEST_COUNT"
        case .requestDuration: "REQUEST_DURATION"
        case .requestSize: "REQUEST_SIZE"
        case .responseSize: "RESPONSE_SIZE"
        case .requestMessages: "GRPC_REQUEST_MESSAGES"
        case .responseMessages: "GRPC_RESPONSE_MESSAGES"
        case .tcpOpened: "TCP_OPENED_CONNECTIONS"
        case .tcpClosed: "TCP_CLOSED_CONNECTIONS"
        case .tcpSent: "TCP_SENT_BYTES"
        case .tcpReceived: "TCP_RECEIVED_BYTES"
        }
    }

    var help: String {
        switch self {
        case .requestCount: "Requests that ended, refused and broken ones included."
        case .requestDuration: "Milliseconds from the first byte of a request to the last one of its answer."
        case .requestSize: "Bytes of requests on the wire."
        case .responseSize: "Bytes of answers on the wire."
        case .requestMessages: "gRPC messages from clients."
        case .responseMessages: "gRPC messages to clients."
        case .tcpOpened: "Connections opened."
        case .tcpClosed: "Connections closed."
        case .tcpSent: "Bytes from server to client."
        case .tcpReceived: "Bytes from client to server."
        }
    }

    var isTCP: Bool { self.rawValue >= RequestMetric.tcpOpened.rawValue }

    var isHistogram: Bool {
        switch self {
        case .requestDuration, .requestSize, .responseSize: true
        default: false
        }
    }

    /// A set of metrics.
    struct Mask: OptionSet, Hashable, Sendable {
        let rawValue: UInt16

        static let all = Mask(rawValue: (1 << UInt16(RequestMetric.allCases.count)) - 1)

        init(rawValue: UInt16) { self.rawValue = rawValue }
        init(_ metric: RequestMetric) { self.rawValue = 1 << UInt16(metric.rawValue) }

        func has(_ metric: RequestMetric) -> Bool { self.contains(Mask(metric)) }
    }
}
