package import MeshModel
import MeshTelemetry

/// What policies answer.
extension LocalReply {
    /// An AuthorizationPolicy denies.
    ///
    /// - Parameter policy: which one, such as `ns[default]-policy[deny]-rule[0]`; nil where no ALLOW policy matched.
    package static func accessDenied(policy: String?) -> LocalReply {
        LocalReply(
            403,
            details: "rbac_access_denied_matched_policy[\(policy ?? "none")]",
            body: "RBAC: access denied"
        )
    }

    /// An authorizer denies, with an answer of its own.
    package static func authorizerDenied(status: Int = 403, body: [UInt8], fields: [HeaderField]) -> LocalReply {
        var reply = LocalReply(
            status,
            details: "ext_authz_denied",
            flags: .unauthorizedExternally,
            fields: fields
        )
        reply.body = body
        return reply
    }

    /// An authorizer can't be asked, and the request must not pass without.
    package static func authorizerFailed(status: Int = 403) -> LocalReply {
        LocalReply(status, details: "ext_authz_error", flags: .unauthorizedExternally)
    }

    /// A token is missing or not valid (RFC 6750 §3).
    ///
    /// - Parameters:
    ///   - reason: Envoy's words for it, such as `Jwt is expired`.
    ///   - realm: the URL that was asked for.
    ///   - isMissing: whether there was none, which is not an error of the token.
    package static func tokenRefused(reason: String, realm: String, isMissing: Bool = false) -> LocalReply {
        // The client chose the URL: nothing of it may end the quotation.
        let quoted = String(
            decoding: realm.utf8.filter {
                $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            },
            as: UTF8.self
        )
        let error = isMissing ? "" : ", error=\"invalid_token\""
        return LocalReply(
            401,
            details: "jwt_authn_access_denied{\(self.word(reason))}",
            flags: .unauthorizedExternally,
            body: reason,
            fields: [HeaderField("www-authenticate", "Bearer realm=\"\(quoted)\"\(error)")]
        )
    }

    /// A token is for somebody else.
    package static let wrongAudience = LocalReply(
        403,
        details: "jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}",
        flags: .unauthorizedExternally,
        body: "Audiences in Jwt are not allowed"
    )

    /// A limit of this waypoint is reached.
    ///
    /// - Parameters:
    ///   - status: the limit's own; 0 for 429.
    ///   - asResourceExhausted: what gRPC clients are told, instead of UNAVAILABLE.
    package static func localRateLimited(status: Int = 429, asResourceExhausted: Bool = false) -> LocalReply {
        LocalReply(
            status == 0 ? 429 : status,
            details: "local_rate_limited",
            flags: .rateLimited,
            body: "local_rate_limited",
            grpcStatus: asResourceExhausted ? .resourceExhausted : .unavailable
        )
    }

    /// A limit of this waypoint can't be carried out as it is written, and the request must not pass unlimited.
    ///
    /// - Parameter name: the limit's.
    package static func rateLimitUnusable(_ name: String) -> LocalReply {
        LocalReply(503, details: "rate_limit_unusable[\(self.word(name))]", flags: .rateLimitServiceError)
    }

    /// A limit of the whole mesh is reached.
    package static let globalRateLimited = LocalReply(
        429,
        details: "request_rate_limited",
        flags: .rateLimited,
        fields: [HeaderField("x-envoy-ratelimited", "true")]
    )

    /// The service of limits can't be asked, and the request must not pass without.
    package static let rateLimitServiceFailed = LocalReply(
        500,
        details: "rate_limiter_error",
        flags: .rateLimitServiceError
    )
}
