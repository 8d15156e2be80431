import MeshModel
import MeshTelemetry
import Testing

@testable import HTTPRouting

@Suite("Local replies")
struct LocalReplyTests {
    private static let connect = "upstream connect error or disconnect/reset before headers. reset reason: "

    /// §2.10 of the waypoint's reference: the reply, its status, flags, details and body, and gRPC's status.
    private static let table: [(LocalReply, Int, String, String, String, UInt32)] = [
        (.routeNotFound, 404, "NR", "route_not_found", "", 12),
        (.clusterNotFound(), 503, "NC", "cluster_not_found", "", 14),
        (.clusterNotFound(status: 500), 500, "NC", "cluster_not_found", "", 14),
        (.noHealthyUpstream, 503, "UH", "no_healthy_upstream", "no healthy upstream", 14),
        (
            .connectFailure(), 503, "UF", "upstream_reset_before_response_started{connection_failure}",
            connect + "connection failure", 14
        ),
        (
            .connectFailure(reason: "TLS error: bad"), 503, "UF",
            "upstream_reset_before_response_started{connection_failure,TLS_error:_bad}",
            connect + "connection failure, transport failure reason: TLS error: bad", 14
        ),
        (
            .connectTimeout, 503, "UF", "upstream_reset_before_response_started{connection_timeout}",
            connect + "connection timeout", 14
        ),
        (
            .connectionTermination, 503, "UC", "upstream_reset_before_response_started{connection_termination}",
            connect + "connection termination", 14
        ),
        (
            .remoteReset, 503, "UR", "upstream_reset_before_response_started{remote_reset}", connect + "remote reset",
            14
        ),
        (.localReset, 503, "LR", "upstream_reset_before_response_started{local_reset}", connect + "local reset", 14),
        (.overflow, 503, "UO", "upstream_reset_before_response_started{overflow}", connect + "overflow", 14),
        (.requestTimeout, 504, "UT", "upstream_response_timeout", "upstream request timeout", 14),
        (.attemptTimeout, 504, "UT", "upstream_per_try_timeout", "upstream request timeout", 14),
        (.streamTooLong, 504, "UMSDR", "upstream_max_stream_duration_reached", "", 14),
        (.idle(requestComplete: false), 408, "SI", "stream_idle_timeout", "stream timeout", 2),
        (.idle(requestComplete: true), 504, "SI", "stream_idle_timeout", "stream timeout", 14),
        (.headerTimeout, 408, "-", "request_header_timeout", "", 2),
        (.arrivalTimeout, 408, "-", "request_overall_timeout", "", 2),
        (.durationTimeout, 408, "DT", "max_duration_timeout", "", 2),
        (.malformedRequest(details: "http1.codec_error"), 400, "DPE", "http1.codec_error", "Bad Request", 13),
        (
            .malformedResponse, 502, "UPE", "upstream_reset_before_response_started{protocol_error}",
            connect + "protocol error", 14
        ),
        (.missingHost, 400, "-", "missing_host_header", "", 13),
        (.absolutePath, 404, "-", "absolute_path_rejected", "", 12),
        (.pathNormalizationFailed, 400, "-", "path_normalization_failed", "", 13),
        (.forbiddenBytes, 400, "DPE", "http.forbidden_bytes", "Bad Request", 13),
        (.invalidTransferEncoding, 501, "DPE", "http1.invalid_transfer_encoding", "Not Implemented", 2),
        (.contentLengthAndChunked, 400, "DPE", "http1.content_length_and_chunked_not_allowed", "Bad Request", 13),
        (.headersTooLarge, 431, "-", "request_headers_too_large", "", 2),
        (.tooManyHeaders, 431, "-", "http.too_many_headers", "", 2),
        (.responseHeadersTooLarge, 502, "UPE", "response_headers_too_large", "", 14),
        (.payloadTooLarge, 413, "-", "request_payload_too_large", "Payload Too Large", 2),
        (.responseTooLarge, 500, "-", "response_payload_too_large", "", 2),
        (.lowVersion, 426, "-", "low_version", "", 2), (.upgradeFailed, 403, "-", "upgrade_failed", "", 7),
        (
            .accessDenied(policy: "ns[default]-policy[deny]-rule[0]"), 403, "-",
            "rbac_access_denied_matched_policy[ns[default]-policy[deny]-rule[0]]", "RBAC: access denied", 7
        ),
        (.accessDenied(policy: nil), 403, "-", "rbac_access_denied_matched_policy[none]", "RBAC: access denied", 7),
        (.authorizerDenied(body: Array("no".utf8), fields: []), 403, "UAEX", "ext_authz_denied", "no", 7),
        (.authorizerFailed(), 403, "UAEX", "ext_authz_error", "", 7),
        (
            .tokenRefused(reason: "Jwt is expired", realm: "http://echo/"), 401, "UAEX",
            "jwt_authn_access_denied{Jwt_is_expired}", "Jwt is expired", 16
        ),
        (
            .wrongAudience, 403, "UAEX", "jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}",
            "Audiences in Jwt are not allowed", 7
        ),
        (.localRateLimited(), 429, "RL", "local_rate_limited", "local_rate_limited", 14),
        (.localRateLimited(asResourceExhausted: true), 429, "RL", "local_rate_limited", "local_rate_limited", 8),
        (.globalRateLimited, 429, "RL", "request_rate_limited", "", 14),
        (.rateLimitServiceFailed, 500, "RLSE", "rate_limiter_error", "", 2),
        (.faultAborted(status: 418), 418, "FI", "fault_filter_abort", "fault filter abort", 2),
        (.direct(status: 200, body: Array("hi".utf8)), 200, "-", "direct_response", "hi", 2),
        (.redirect(status: 302, location: "/x"), 302, "-", "direct_response", "", 2),
        (.overloaded, 503, "OM", "overload", "envoy overloaded", 14),
        (.nameNotFound, 503, "DF", "dns_resolution_failure", "", 14),
        (.clientDisconnected, 0, "DC", "downstream_remote_disconnect", "", 2),
        (.dropOverload, 503, "DO", "drop_overload", "drop overload", 14),
        (.unconditionalDrop, 503, "UDO", "unconditional_drop_overload", "", 14),
        (.sessionEndpointGone, 503, "UH", "no_healthy_upstream", "no healthy upstream", 14),
        (.invalidRoute(reason: "no such service"), 500, "-", "invalid_route{no_such_service}", "", 14),
    ]

    @Test("follow the table of failures", arguments: table.indices)
    func follows(_ row: Int) {
        let (reply, status, flags, details, body, grpc) = Self.table[row]
        #expect(reply.status == status)
        #expect(reply.flags.text == flags)
        #expect(reply.details == details)
        #expect(reply.payload(asGRPC: false) == Array(body.utf8))
        let head = reply.head(asGRPC: true)
        #expect(head.status == 200)
        #expect(head.fields.first(named: "grpc-status") == "\(grpc)")
        #expect(head.fields.first(named: "content-type") == "application/grpc")
        #expect(reply.payload(asGRPC: true).isEmpty)
    }

    @Test("say how long they are, and of what type")
    func fields() {
        let reply = LocalReply.noHealthyUpstream.head(asGRPC: false)
        #expect(
            reply.fields == [
                HeaderField("content-length", "19"), HeaderField("content-type", "text/plain"),
                HeaderField("server", "istio-envoy"),
            ]
        )
        let empty = LocalReply.routeNotFound.head(asGRPC: false)
        #expect(empty.fields == [HeaderField("content-length", "0"), HeaderField("server", "istio-envoy")])
        let bodiless = LocalReply.direct(status: 204, body: []).head(asGRPC: false)
        #expect(bodiless.fields == [HeaderField("server", "istio-envoy")])
    }

    @Test("carry the headers of their row")
    func rowFields() {
        #expect(LocalReply.overflow.head(asGRPC: false).fields.first(named: "x-envoy-overloaded") == "true")
        #expect(LocalReply.overflow.head(asGRPC: true).fields.first(named: "x-envoy-overloaded") == "true")
        #expect(LocalReply.globalRateLimited.fields.first(named: "x-envoy-ratelimited") == "true")
        let expired = LocalReply.tokenRefused(reason: "Jwt is expired", realm: "http://a/\"b\r\nc")
        #expect(
            expired.fields.first(named: "www-authenticate")
                == "Bearer realm=\"http://a/bc\", error=\"invalid_token\""
        )
        let missing = LocalReply.tokenRefused(reason: "Jwt is missing", realm: "http://a/", isMissing: true)
        #expect(missing.fields.first(named: "www-authenticate") == "Bearer realm=\"http://a/\"")
    }

    @Test("tell gRPC clients the body as a message, escaped")
    func message() {
        let reply = LocalReply(403, details: "x", body: "100% é\n")
        #expect(reply.head(asGRPC: true).fields.first(named: "grpc-message") == "100%25 %C3%A9%0A")
        #expect(LocalReply.routeNotFound.head(asGRPC: true).fields.first(named: "grpc-message") == nil)
    }

    @Test("close the connection after what is no HTTP, and only then")
    func closes() {
        #expect(LocalReply.malformedRequest(details: "x").closesConnection)
        #expect(LocalReply.contentLengthAndChunked.closesConnection)
        #expect(!LocalReply.routeNotFound.closesConnection)
    }

    @Test("answer paths that have no normal form")
    func paths() {
        #expect(LocalReply.refusedPath(.notAbsolute).status == 404)
        #expect(LocalReply.refusedPath(.nul).status == 400)
        #expect(LocalReply.refusedPath(.parameters).details == "path_normalization_failed")
    }

    @Test(
        "map gRPC's statuses for clients that do not speak it",
        arguments: [
            (0, 200), (1, 499), (2, 500), (3, 400), (4, 504), (5, 404), (6, 409), (7, 403), (8, 429), (9, 400),
            (10, 409), (11, 400), (12, 501), (13, 500), (14, 503), (15, 500), (16, 401), (99, 500),
        ] as [(UInt32, Int)]
    )
    func statuses(_ grpc: UInt32, _ http: Int) {
        #expect(GRPCStatus(rawValue: grpc).httpStatus == http)
    }
}
