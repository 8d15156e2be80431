extension AccessOperator {
    /// What it stands for in a line about `record`; nil when that isn't known.
    func value(_ record: RequestRecord) -> AccessValue? {
        func known(_ text: String) -> AccessValue? { text.isEmpty ? nil : .text(text) }
        func text(_ text: String?) -> AccessValue? { text.map { .text($0) } }
        func count(_ number: some BinaryInteger) -> AccessValue { .number(Int64(clamping: number)) }
        switch self {
        case .constant(let value): return text(value)
        case .startTime(let pattern):
            var bytes: [UInt8] = []
            bytes.reserveCapacity(32)
            pattern.append(record.start, to: &bytes)
            return .text(String(decoding: bytes, as: UTF8.self))
        case .method: return known(record.method)
        case .path: return known(record.path)
        case .originalPath: return text(record.originalPath)
        case .pathWithoutQuery: return known(RequestPath.withoutQuery(record.path))
        case .originalPathWithoutQuery: return text(record.originalPath.map { RequestPath.withoutQuery($0) })
        case .authority: return known(record.authority)
        case .scheme: return record.kind == .http ? known(record.scheme) : nil
        case .requestID: return text(record.requestID)
        case .header(let list, let place): return text(record.header(list, place))
        case .either(let one, let two): return one.value(record) ?? two.value(record)
        case .requestProtocol: return text(record.version?.rawValue)
        case .upstreamProtocol: return text(record.upstreamVersion?.rawValue)
        // A code of 0 is what Envoy shows of clients that left, and of opaque connections.
        case .responseCode: return count(record.responseCode)
        case .responseDetails: return known(record.responseDetails)
        case .flags: return .text(record.flags.text)
        case .longFlags: return .text(record.flags.longText)
        case .grpcStatus(let style): return record.grpcStatus.map { GRPCStatusName.value($0, style) }
        case .size(let size): return count(size.value(record))
        case .duration: return record.timing[.responseEnd].map { count($0 / 1_000) }
        case .between(let first, let second, let unit):
            return record.timing.between(first, second).map { microseconds in
                switch unit {
                case .milliseconds: count(microseconds / 1_000)
                case .microseconds: count(microseconds)
                case .nanoseconds: count(microseconds.multipliedReportingOverflow(by: 1_000).partialValue)
                }
            }
        case .upstreamServiceTime: return record.upstreamMilliseconds.map { count($0) }
        case .attempts: return count(record.attempts)
        case .upstreamFailure: return text(record.upstreamFailure)
        case .cluster: return known(record.cluster)
        case .routeName: return known(record.routeName)
        case .routeResource: return known(record.routeResource)
        case .terminationDetails: return text(record.terminationDetails)
        case .serverName: return text(record.serverName)
        case .address(let address, let part): return address.text(record).flatMap { part.value($0) }
        case .upstreamHostName: return text(record.upstreamHostName ?? record.upstreamHost)
        case .principal(let principal): return known(principal.text(record))
        case .peer(let isUpstream, let attribute):
            guard case .text(let text) = attribute.value(isUpstream ? record.destination : record.source) else {
                return nil
            }
            return .text(text)
        case .metadata(let filter, let key):
            return text(record.metadata.first { $0.filter == filter && (key.isEmpty || $0.key == key) }?.value)
        case .expression(let expression): return text(expression.text(of: record))
        case .traceID: return text(record.trace?.traceID)
        case .connection: return count(record.connection)
        case .stream: return count(record.stream)
        }
    }
}

extension AccessOperator.Size {
    fileprivate func value(_ record: RequestRecord) -> UInt64 {
        switch self {
        case .received(let part): part.value(record.received)
        case .sent(let part): part.value(record.sent)
        case .upstreamReceived(let part): part.value(record.upstreamReceived)
        case .upstreamSent(let part): part.value(record.upstreamSent)
        }
    }
}

extension AccessOperator.Address {
    fileprivate func text(_ record: RequestRecord) -> String? {
        switch self {
        case .upstreamHost: record.upstreamHost
        case .upstreamLocal: record.upstreamLocalAddress
        case .downstreamLocal: record.downstreamLocalAddress
        case .downstreamRemote: record.downstreamRemoteAddress
        case .downstreamDirect: record.downstreamDirectAddress ?? record.downstreamRemoteAddress
        }
    }
}

extension AccessOperator.AddressPart {
    fileprivate func value(_ address: String) -> AccessValue? {
        switch self {
        case .whole: .text(address)
        case .host: .text(AddressText.host(address))
        case .port: AddressText.port(address).flatMap { Int64($0) }.map { .number($0) }
        }
    }
}

extension AccessOperator.Principal {
    fileprivate func text(_ record: RequestRecord) -> String {
        switch self {
        case .downstreamPeer: record.source.principal
        case .upstreamPeer: record.destination.principal
        case .local: record.localPrincipal
        }
    }
}

/// The names of gRPC's status codes.
enum GRPCStatusName {
    private static let camelCase = [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
        "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
        "Internal", "Unavailable", "DataLoss", "Unauthenticated",
    ]
    private static let snakeCase = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// A code by name; one without a name by its number.
    static func value(_ code: Int32, _ style: AccessOperator.GRPCStatusStyle) -> AccessValue {
        let names = style == .snakeCase ? Self.snakeCase : Self.camelCase
        guard style != .number, names.indices.contains(Int(code)) else { return .number(Int64(code)) }
        return .text(names[Int(code)])
    }
}
