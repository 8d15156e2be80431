/// Everything that metrics, access logs and spans say about one request, or one connection of opaque bytes.
///
/// Filled in by whoever carries the request and handed to ``RequestMeter`` and ``RequestTelemetry`` at its end. Strings
/// are shared, not copied: addresses belong to the connection or endpoint, names to the configuration. What isn't known
/// stays empty, nil or zero.
package struct RequestRecord: Sendable {
    /// What is carried.
    package enum Kind: Sendable {
        /// A request with an answer.
        case http
        /// Opaque bytes.
        case tcp
    }

    /// The version of HTTP on one side.
    package enum Version: String, Sendable {
        /// HTTP/1.0.
        case http10 = "HTTP/1.0"
        /// HTTP/1.1.
        case http11 = "HTTP/1.1"
        /// HTTP/2.
        case http2 = "HTTP/2"
    }

    /// Whether the tunnel proved both ends.
    package enum Security: UInt8, Sendable {
        /// Nobody looked.
        case unknown
        /// One end or both have no identity.
        case plain
        /// Both ends have one.
        case mutualTLS
    }

    /// What is carried.
    package var kind: Kind
    /// When the first byte came, in nanoseconds since 1970.
    package var start: UInt64
    /// When what happened.
    package var timing = RequestTiming()

    // MARK: Who

    /// The client's workload.
    package var source = PeerLabels.unknown
    /// The workload of the endpoint that was picked last.
    package var destination = PeerLabels.unknown
    /// The service behind the backend that the route picked.
    package var service = ServiceLabels.unknown
    /// Whether the tunnel proved both ends.
    package var security = Security.plain

    // MARK: The request

    /// The method.
    package var method = ""
    /// The path with its query, as it is sent on.
    package var path = ""
    /// The path as it came, where a route changed it.
    package var originalPath: String?
    /// The authority, as it is sent on.
    package var authority = ""
    /// The scheme.
    package var scheme = "http"
    /// The client's version of HTTP; nil for opaque bytes.
    package var version: Version?
    /// The version of HTTP towards the backend.
    package var upstreamVersion: Version?
    /// Whether the content type says gRPC.
    package var isGRPC = false
    /// `x-request-id`.
    package var requestID: String?
    /// Header values in the order of ``HeaderPlan/request``.
    package var requestHeaders: [String?] = []
    /// The trace, with this proxy's span as the parent; nil without tracing.
    package var trace: TraceContext?
    /// The caller's span; nil for a trace that begins here.
    package var callerSpan: UInt64?

    // MARK: The answer

    /// The status; 0 when the client left before there was one.
    package var responseCode: UInt16 = 0
    /// What made the answer, such as `via_upstream` or `route_not_found`.
    package var responseDetails = ""
    /// Why it is not the backend's own.
    package var flags: OutcomeFlags = []
    /// The status of gRPC; nil without one.
    package var grpcStatus: Int32?
    /// The message of gRPC.
    package var grpcMessage: String?
    /// Why the client's connection was ended, for opaque bytes.
    package var terminationDetails: String?
    /// Header values in the order of ``HeaderPlan/response``.
    package var responseHeaders: [String?] = []
    /// Trailer values in the order of ``HeaderPlan/trailers``.
    package var responseTrailers: [String?] = []

    // MARK: The way

    /// The route's name.
    package var routeName = ""
    /// The resource that the route comes from, as `METADATA(ROUTE:istio:config)` shows it.
    package var routeResource = ""
    /// What the route does, as the span's name: see ``SpanName``.
    package var operation = ""
    /// The cluster, in Istio's form `outbound|port|subset|host`.
    package var cluster = ""
    /// The address of the endpoint, `ip:port`.
    package var upstreamHost: String?
    /// The endpoint's name, where it was found by name.
    package var upstreamHostName: String?
    /// Our own address towards the endpoint.
    package var upstreamLocalAddress: String?
    /// Why the connection to the endpoint failed.
    package var upstreamFailure: String?
    /// Attempts, the first one included.
    package var attempts: UInt32 = 0
    /// The address that the client asked for.
    package var downstreamLocalAddress: String?
    /// The client's address.
    package var downstreamRemoteAddress: String?
    /// The address of whoever is connected to us, where that is not the client.
    package var downstreamDirectAddress: String?
    /// The server name of TLS.
    package var serverName: String?
    /// This proxy's own identity.
    package var localPrincipal = ""
    /// The tunnel's number.
    package var connection: UInt64 = 0
    /// The request's number, unique within the process.
    package var stream: UInt64 = 0
    /// Facts that filters leave behind, such as a token's claims.
    package var metadata: [Metadata] = []

    /// A fact that a filter left behind.
    package struct Metadata: Hashable, Sendable {
        /// The filter's name.
        package var filter: String
        /// The fact's name, with dots for nested ones.
        package var key: String
        /// The value.
        package var value: String

        /// Names a value.
        package init(filter: String, key: String, value: String) {
            self.filter = filter
            self.key = key
            self.value = value
        }
    }

    // MARK: How much

    /// Bytes of one side.
    package struct Sizes: Hashable, Sendable {
        /// Headers.
        package var headers: UInt64 = 0
        /// Body, or opaque bytes.
        package var body: UInt64 = 0
        /// All bytes on the wire, framing included.
        package var wire: UInt64 = 0

        /// Nothing.
        package init() {}
    }

    /// What came from the client.
    package var received = Sizes()
    /// What went to the client.
    package var sent = Sizes()
    /// What came from the backend.
    package var upstreamReceived = Sizes()
    /// What went to the backend.
    package var upstreamSent = Sizes()
    /// gRPC messages of the client.
    package var requestMessages: UInt64 = 0
    /// gRPC messages of the backend.
    package var responseMessages: UInt64 = 0

    /// What ``RequestMeter`` has already counted of a stream that goes on.
    var reported = Reported()

    struct Reported: Sendable {
        var isOpened = false
        var isEnded = false
        var received: UInt64 = 0
        var sent: UInt64 = 0
        var requestMessages: UInt64 = 0
        var responseMessages: UInt64 = 0
    }

    /// A record of which only the beginning is known.
    /// - Parameter start: the wall clock at the first byte, in nanoseconds since 1970.
    package init(_ kind: Kind, start: UInt64) {
        self.kind = kind
        self.start = start
    }
}

extension RequestRecord {
    /// From the first to the last byte, in microseconds; what is not finished counts as zero.
    package var microseconds: UInt64 { self.timing[.responseEnd] ?? 0 }

    /// How long the backend took for its first byte, in whole milliseconds.
    package var upstreamMilliseconds: UInt64? {
        self.timing.between(.forwardEnd, .answerBegin).map { $0 / 1_000 }
            ?? self.timing.between(.forwardBegin, .answerBegin).map { $0 / 1_000 }
    }
}
