/// What formats may ask of the process itself.
package struct AccessLogContext: Sendable {
    /// The machine's name.
    package var hostname: String?
    /// Gives a variable of the process' environment.
    package var environment: @Sendable (String) -> String?

    /// Names the sources.
    package init(hostname: String? = nil, environment: @escaping @Sendable (String) -> String? = { _ in nil }) {
        self.hostname = hostname
        self.environment = environment
    }
}

/// Reads one operator's name and argument.
struct AccessOperatorParser {
    let context: AccessLogContext
    var headers: HeaderPlan

    /// Operators without an argument.
    private static let plain: [String: AccessOperator] = [
        "PROTOCOL": .requestProtocol, "UPSTREAM_PROTOCOL": .upstreamProtocol, "RESPONSE_CODE": .responseCode,
        "RESPONSE_CODE_DETAILS": .responseDetails, "RESPONSE_FLAGS": .flags, "RESPONSE_FLAGS_LONG": .longFlags,
        "GRPC_STATUS_NUMBER": .grpcStatus(.number), "BYTES_RECEIVED": .size(.received(.body)),
        "BYTES_SENT": .size(.sent(.body)), "DOWNSTREAM_HEADER_BYTES_RECEIVED": .size(.received(.headers)),
        "DOWNSTREAM_HEADER_BYTES_SENT": .size(.sent(.headers)),
        "DOWNSTREAM_WIRE_BYTES_RECEIVED": .size(.received(.wire)), "DOWNSTREAM_WIRE_BYTES_SENT": .size(.sent(.wire)),
        "UPSTREAM_HEADER_BYTES_RECEIVED": .size(.upstreamReceived(.headers)),
        "UPSTREAM_HEADER_BYTES_SENT": .size(.upstreamSent(.headers)),
        "UPSTREAM_WIRE_BYTES_RECEIVED": .size(.upstreamReceived(.wire)),
        "UPSTREAM_WIRE_BYTES_SENT": .size(.upstreamSent(.wire)), "DURATION": .duration,
        "REQUEST_DURATION": .between(.requestBegin, .requestEnd, .milliseconds),
        "REQUEST_TX_DURATION": .between(.requestBegin, .forwardEnd, .milliseconds),
        "RESPONSE_DURATION": .between(.requestBegin, .answerBegin, .milliseconds),
        "RESPONSE_TX_DURATION": .between(.answerBegin, .responseEnd, .milliseconds),
        "UPSTREAM_CONNECTION_POOL_READY_DURATION": .between(.connectBegin, .connectEnd, .milliseconds),
        "UPSTREAM_HOST": .address(.upstreamHost, .whole), "UPSTREAM_HOST_NAME": .upstreamHostName,
        "UPSTREAM_CLUSTER": .cluster, "UPSTREAM_CLUSTER_RAW": .cluster,
        "UPSTREAM_REMOTE_ADDRESS": .address(.upstreamHost, .whole),
        "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": .address(.upstreamHost, .host),
        "UPSTREAM_REMOTE_PORT": .address(.upstreamHost, .port),
        "UPSTREAM_LOCAL_ADDRESS": .address(.upstreamLocal, .whole),
        "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT": .address(.upstreamLocal, .host),
        "UPSTREAM_LOCAL_PORT": .address(.upstreamLocal, .port), "UPSTREAM_PEER_URI_SAN": .principal(.upstreamPeer),
        "UPSTREAM_LOCAL_URI_SAN": .principal(.local), "UPSTREAM_REQUEST_ATTEMPT_COUNT": .attempts,
        "UPSTREAM_TRANSPORT_FAILURE_REASON": .upstreamFailure,
        "DOWNSTREAM_LOCAL_ADDRESS": .address(.downstreamLocal, .whole),
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT": .address(.downstreamLocal, .host),
        "DOWNSTREAM_LOCAL_PORT": .address(.downstreamLocal, .port),
        "DOWNSTREAM_REMOTE_ADDRESS": .address(.downstreamRemote, .whole),
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": .address(.downstreamRemote, .host),
        "DOWNSTREAM_REMOTE_PORT": .address(.downstreamRemote, .port),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": .address(.downstreamDirect, .whole),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT": .address(.downstreamDirect, .host),
        "DOWNSTREAM_DIRECT_REMOTE_PORT": .address(.downstreamDirect, .port),
        "DOWNSTREAM_PEER_URI_SAN": .principal(.downstreamPeer), "DOWNSTREAM_LOCAL_URI_SAN": .principal(.local),
        "REQUESTED_SERVER_NAME": .serverName, "ROUTE_NAME": .routeName, "TRACE_ID": .traceID,
        "CONNECTION_ID": .connection, "STREAM_ID": .stream, "CONNECTION_TERMINATION_DETAILS": .terminationDetails,
        // Nothing in a mesh is a virtual cluster, and every tunnel is TLS 1.3.
        "VIRTUAL_CLUSTER_NAME": .constant(nil), "DOWNSTREAM_TLS_VERSION": .constant("TLSv1.3"),
        "UPSTREAM_TLS_VERSION": .constant("TLSv1.3"),
    ]

    /// The operator of a name and what stands in its parentheses; nil without parentheses.
    mutating func read(_ name: String, _ argument: String?) throws(AccessLogError) -> AccessOperator {
        if let plain = Self.plain[name] {
            guard argument == nil else { throw .invalidArgument(operator: name, argument: argument ?? "") }
            return plain
        }
        let text = argument ?? ""
        let known: AccessOperator?
        switch name {
        case "START_TIME": known = TimePattern(text).map { .startTime($0) }
        case "HOSTNAME": known = argument == nil ? .constant(self.context.hostname) : nil
        case "ENVIRONMENT": known = text.isEmpty ? nil : .constant(self.context.environment(text))
        case "REQ": known = try self.header(text) { parser, name throws(AccessLogError) in try parser.request(name) }
        case "REQ_WITHOUT_QUERY":
            known = try self.header(text) { parser, name throws(AccessLogError) in
                switch name {
                case ":path": .pathWithoutQuery
                case "x-envoy-original-path": .originalPathWithoutQuery
                default: try parser.request(name)
                }
            }
        case "RESP": known = try self.header(text) { parser, name throws(AccessLogError) in try parser.response(name) }
        case "TRAILER":
            known = try self.header(text) { parser, name throws(AccessLogError) in try parser.kept(name, .trailers) }
        case "GRPC_STATUS": known = Self.grpcStatus(text)
        case "COMMON_DURATION": known = Self.commonDuration(text)
        case "DYNAMIC_METADATA": known = Self.dynamicMetadata(text)
        case "METADATA": known = text == "ROUTE:istio:config" ? .routeResource : nil
        case "FILTER_STATE": known = Self.filterState(text)
        case "CEL":
            do throws(ExpressionError) {
                known = .expression(try Expression(parsing: text, headers: &self.headers))
            } catch {
                throw .expression(error)
            }
        default: throw .unknownOperator(String(name.prefix(64)))
        }
        guard let known else { throw .invalidArgument(operator: name, argument: String(text.prefix(128))) }
        return known
    }

    // MARK: Headers

    /// `NAME` or `NAME?OTHER`.
    private mutating func header(
        _ text: String,
        _ read: (inout AccessOperatorParser, String) throws(AccessLogError) -> AccessOperator
    ) throws(AccessLogError) -> AccessOperator? {
        let names = text.lowercased().split(separator: "?", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(names.count), let first = names.first, let last = names.last,
            names.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } })
        else { return nil }
        let one = try read(&self, first)
        return names.count == 1 ? one : .either(one, try read(&self, last))
    }

    private mutating func request(_ name: String) throws(AccessLogError) -> AccessOperator {
        switch name {
        case ":method": .method
        case ":path": .path
        case ":authority", "host": .authority
        case ":scheme": .scheme
        case "x-envoy-original-path": .originalPath
        case "x-request-id": .requestID
        default: try self.kept(name, .request)
        }
    }

    private mutating func response(_ name: String) throws(AccessLogError) -> AccessOperator {
        switch name {
        case ":status": .responseCode
        case "x-envoy-upstream-service-time": .upstreamServiceTime
        default: try self.kept(name, .response)
        }
    }

    private mutating func kept(_ name: String, _ list: HeaderList) throws(AccessLogError) -> AccessOperator {
        guard let place = self.headers.place(name, in: list) else { throw .tooManyHeaders }
        return .header(list, place)
    }

    // MARK: Others

    private static func grpcStatus(_ text: String) -> AccessOperator? {
        switch text {
        case "", "CAMEL_STRING": .grpcStatus(.camelCase)
        case "SNAKE_STRING": .grpcStatus(.snakeCase)
        case "NUMBER": .grpcStatus(.number)
        default: nil
        }
    }

    /// `START:END:UNIT`.
    private static func commonDuration(_ text: String) -> AccessOperator? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let first = RequestTiming.Point.allCases.first(where: { $0.name == parts[0] }),
            let second = RequestTiming.Point.allCases.first(where: { $0.name == parts[1] })
        else { return nil }
        switch parts[2] {
        case "ms": return .between(first, second, .milliseconds)
        case "us": return .between(first, second, .microseconds)
        case "ns": return .between(first, second, .nanoseconds)
        default: return nil
        }
    }

    /// `FILTER:KEY:KEY…`.
    private static func dynamicMetadata(_ text: String) -> AccessOperator? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let filter = parts.first, !filter.isEmpty, parts.count <= 9, !parts.contains("") else { return nil }
        return .metadata(filter: String(filter), key: parts.dropFirst().joined(separator: "."))
    }

    /// `downstream_peer:FIELD:workload` and its kin.
    private static func filterState(_ text: String) -> AccessOperator? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "FIELD", let field = PeerAttribute(rawValue: String(parts[2])),
            parts[0] == "downstream_peer" || parts[0] == "upstream_peer"
        else { return nil }
        return .peer(isUpstream: parts[0] == "upstream_peer", field)
    }
}
