import MeshModel
import MeshTelemetry

/// What failures between the proxy and an endpoint answer.
extension LocalReply {
    /// No endpoint can be used.
    package static let noHealthyUpstream = LocalReply(
        503,
        details: "no_healthy_upstream",
        flags: .noHealthyUpstream,
        body: "no healthy upstream"
    )

    /// No connection was made, or its tunnel was refused.
    ///
    /// - Parameter reason: what TLS or the tunnel said; nil for nothing.
    package static func connectFailure(reason: String? = nil) -> LocalReply {
        self.reset("connection failure", flags: .upstreamConnectionFailure, reason: reason)
    }

    /// No connection was made in time.
    package static let connectTimeout = Self.reset("connection timeout", flags: .upstreamConnectionFailure)

    /// The endpoint closed the connection before it answered.
    package static let connectionTermination = Self.reset(
        "connection termination",
        flags: .upstreamConnectionTermination
    )

    /// The endpoint reset the stream.
    package static let remoteReset = Self.reset("remote reset", flags: .upstreamRemoteReset)

    /// We reset the stream.
    package static let localReset = Self.reset("local reset", flags: .localReset)

    /// A bound of the destination's connections or requests is reached.
    package static var overflow: LocalReply {
        var reply = self.reset("overflow", flags: .upstreamOverflow)
        reply.fields = [HeaderField("x-envoy-overloaded", "true")]
        return reply
    }

    /// The endpoint's answer is not HTTP.
    package static var malformedResponse: LocalReply {
        var reply = self.reset("protocol error", flags: .upstreamProtocolError)
        reply.status = 502
        return reply
    }

    /// The head of the endpoint's answer is larger than what we take.
    package static let responseHeadersTooLarge = LocalReply(
        502,
        details: "response_headers_too_large",
        flags: .upstreamProtocolError
    )

    /// The endpoint's answer is larger than what we hold, where we must hold it.
    package static let responseTooLarge = LocalReply(500, details: "response_payload_too_large")

    /// The route's time for the whole exchange is over.
    package static let requestTimeout = LocalReply(
        504,
        details: "upstream_response_timeout",
        flags: .upstreamRequestTimeout,
        body: "upstream request timeout"
    )

    /// The time for one attempt is over, and there is no other.
    package static let attemptTimeout = LocalReply(
        504,
        details: "upstream_per_try_timeout",
        flags: .upstreamRequestTimeout,
        body: "upstream request timeout"
    )

    /// The longest time of a stream is over.
    package static let streamTooLong = LocalReply(
        504,
        details: "upstream_max_stream_duration_reached",
        flags: .upstreamMaxStreamDurationReached
    )

    /// The name of a destination that is looked up for each request has no address.
    package static let nameNotFound = LocalReply(503, details: "dns_resolution_failure", flags: .nameResolutionFailed)

    /// The endpoints' own configuration drops this share of requests.
    package static let dropOverload = LocalReply(
        503,
        details: "drop_overload",
        flags: .dropOverload,
        body: "drop overload"
    )

    /// The endpoints' own configuration drops all requests.
    package static let unconditionalDrop = LocalReply(
        503,
        details: "unconditional_drop_overload",
        flags: .unconditionalDropOverload
    )

    /// The endpoint that a session is bound to is gone, and the session takes no other.
    package static let sessionEndpointGone = LocalReply(
        503,
        details: "no_healthy_upstream",
        flags: .noHealthyUpstream,
        body: "no healthy upstream"
    )

    private static func reset(_ what: String, flags: OutcomeFlags, reason: String? = nil) -> LocalReply {
        var body = "upstream connect error or disconnect/reset before headers. reset reason: \(what)"
        var details = self.word(what)
        if let reason {
            body += ", transport failure reason: \(reason)"
            details += ",\(self.word(reason))"
        }
        details = "upstream_reset_before_response_started{\(details)}"
        return LocalReply(503, details: details, flags: flags, body: body)
    }
}
