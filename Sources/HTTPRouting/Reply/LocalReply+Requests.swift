import MeshModel
import MeshTelemetry

/// What requests that can't be taken are answered.
extension LocalReply {
    /// Not HTTP. The connection ends.
    ///
    /// - Parameter details: the parser's word for it, such as `http1.codec_error`.
    package static func malformedRequest(details: String) -> LocalReply {
        self.refused(400, details: details, body: "Bad Request")
    }

    /// A header or the path has a byte that may not stand there, or `%00`.
    package static let forbiddenBytes = Self.refused(400, details: "http.forbidden_bytes", body: "Bad Request")

    /// `Transfer-Encoding` is something else than `chunked`.
    package static let invalidTransferEncoding = Self.refused(
        501,
        details: "http1.invalid_transfer_encoding",
        body: "Not Implemented"
    )

    /// `Content-Length` and `Transfer-Encoding` in one request (RFC 9112 §6.3).
    package static let contentLengthAndChunked = Self.refused(
        400,
        details: "http1.content_length_and_chunked_not_allowed",
        body: "Bad Request"
    )

    /// Neither `:authority` nor `Host`.
    package static let missingHost = LocalReply(400, details: "missing_host_header")

    /// A target that is not a path.
    package static let absolutePath = LocalReply(404, details: "absolute_path_rejected")

    /// A path that has no normal form.
    package static let pathNormalizationFailed = LocalReply(400, details: "path_normalization_failed")

    /// The answer to a path that ``PathNormalization`` refuses.
    package static func refusedPath(_ error: PathNormalizationError) -> LocalReply {
        switch error {
        case .notAbsolute: .absolutePath
        case .nul: .forbiddenBytes
        case .parameters, .notUTF8: .pathNormalizationFailed
        }
    }

    /// The head is larger than what we take.
    package static let headersTooLarge = LocalReply(431, details: "request_headers_too_large")

    /// The head has more fields than we take.
    package static let tooManyHeaders = LocalReply(431, details: "http.too_many_headers")

    /// A body that must be held is larger than what we hold.
    package static let payloadTooLarge = LocalReply(
        413,
        details: "request_payload_too_large",
        body: "Payload Too Large"
    )

    /// HTTP/1.0, which the mesh does not take.
    package static let lowVersion = LocalReply(426, details: "low_version")

    /// An upgrade that is not allowed.
    package static let upgradeFailed = LocalReply(403, details: "upgrade_failed")

    /// The head took too long to arrive.
    package static let headerTimeout = LocalReply(408, details: "request_header_timeout")

    /// The request took too long to arrive.
    package static let arrivalTimeout = LocalReply(408, details: "request_overall_timeout")

    /// The client's stream lasted too long.
    package static let durationTimeout = LocalReply(408, details: "max_duration_timeout", flags: .durationTimeout)

    /// Nothing moved for too long.
    ///
    /// - Parameter requestComplete: whether the client had said everything, so that it is not to blame.
    package static func idle(requestComplete: Bool) -> LocalReply {
        LocalReply(
            requestComplete ? 504 : 408,
            details: "stream_idle_timeout",
            flags: .streamIdleTimeout,
            body: "stream timeout"
        )
    }

    /// The process has no memory left for another request.
    package static let overloaded = LocalReply(
        503,
        details: "overload",
        flags: .overloaded,
        body: "envoy overloaded"
    )

    /// The client has so many requests under way that another would leave too little room for others.
    package static let overloadedByIdentity = LocalReply(
        503,
        details: "overload_of_identity",
        flags: .overloaded,
        body: "too many requests of one client"
    )

    /// The client went away; only logged.
    package static let clientDisconnected = LocalReply(
        0,
        details: "downstream_remote_disconnect",
        flags: .downstreamConnectionTermination
    )

    private static func refused(_ status: Int, details: String, body: String) -> LocalReply {
        var reply = LocalReply(status, details: details, flags: .downstreamProtocolError, body: body)
        reply.closesConnection = true
        return reply
    }
}
