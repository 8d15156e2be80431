extension AccessLogFormat {
    /// The fields of Istio's default line, in order; those marked are quoted.
    private static let line: [(operators: [String], isQuoted: Bool)] = [
        (["%REQ(:METHOD)%", Self.path, "%PROTOCOL%"], true), (["%RESPONSE_CODE%"], false),
        (["%RESPONSE_FLAGS%"], false), (["%RESPONSE_CODE_DETAILS%"], false),
        (["%CONNECTION_TERMINATION_DETAILS%"], false), (["%UPSTREAM_TRANSPORT_FAILURE_REASON%"], true),
        (["%BYTES_RECEIVED%"], false), (["%BYTES_SENT%"], false), (["%DURATION%"], false),
        (["%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"], false), (["%REQ(X-FORWARDED-FOR)%"], true),
        (["%REQ(USER-AGENT)%"], true), (["%REQ(X-REQUEST-ID)%"], true), (["%REQ(:AUTHORITY)%"], true),
        (["%UPSTREAM_HOST%"], true), (["%UPSTREAM_CLUSTER_RAW%"], false), (["%UPSTREAM_LOCAL_ADDRESS%"], false),
        (["%DOWNSTREAM_LOCAL_ADDRESS%"], false), (["%DOWNSTREAM_REMOTE_ADDRESS%"], false),
        (["%REQUESTED_SERVER_NAME%"], false), (["%ROUTE_NAME%"], false),
    ]

    private static let path = "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"

    /// The keys of Istio's default object.
    private static let members: [(key: String, format: String)] = [
        ("start_time", "%START_TIME%"), ("route_name", "%ROUTE_NAME%"), ("method", "%REQ(:METHOD)%"),
        ("path", Self.path), ("protocol", "%PROTOCOL%"), ("response_code", "%RESPONSE_CODE%"),
        ("response_flags", "%RESPONSE_FLAGS%"), ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
        ("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
        ("bytes_received", "%BYTES_RECEIVED%"), ("bytes_sent", "%BYTES_SENT%"), ("duration", "%DURATION%"),
        ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
        ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"), ("user_agent", "%REQ(USER-AGENT)%"),
        ("request_id", "%REQ(X-REQUEST-ID)%"), ("authority", "%REQ(:AUTHORITY)%"),
        ("upstream_host", "%UPSTREAM_HOST%"), ("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
        ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
        ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
        ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
        ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
        ("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
    ]

    /// Istio's default line.
    package static func standardText(headers: inout HeaderPlan) throws(AccessLogError) -> AccessLogFormat {
        let fields = Self.line.map { field in
            let text = field.operators.joined(separator: " ")
            return field.isQuoted ? "\"\(text)\"" : text
        }
        let text = "[%START_TIME%] " + fields.joined(separator: " ")
        return try AccessLogFormat(text: text, context: AccessLogContext(), headers: &headers)
    }

    /// Istio's default object.
    package static func standardJSON(
        omitsMissing: Bool = false,
        headers: inout HeaderPlan
    ) throws(AccessLogError) -> AccessLogFormat {
        try AccessLogFormat(
            json: Self.members,
            omitsMissing: omitsMissing,
            context: AccessLogContext(),
            headers: &headers
        )
    }
}
