/// A value of a log line.
enum AccessValue: Hashable, Sendable {
    case text(String)
    case number(Int64)
}

/// One operator of an access log's format, by Envoy's names, with its arguments read.
indirect enum AccessOperator: Hashable, Sendable {
    /// What is fixed for the process: `HOSTNAME`, `ENVIRONMENT(…)`.
    case constant(String?)
    case startTime(TimePattern)
    case method
    case path
    case originalPath
    case pathWithoutQuery
    case originalPathWithoutQuery
    case authority
    case scheme
    case requestID
    case header(HeaderList, Int)
    /// The second where the first is missing.
    case either(AccessOperator, AccessOperator)
    case requestProtocol
    case upstreamProtocol
    case responseCode
    case responseDetails
    case flags
    case longFlags
    case grpcStatus(GRPCStatusStyle)
    case size(Size)
    case duration
    case between(RequestTiming.Point, RequestTiming.Point, DurationUnit)
    case upstreamServiceTime
    case attempts
    case upstreamFailure
    case cluster
    case routeName
    case routeResource
    case terminationDetails
    case serverName
    case address(Address, AddressPart)
    case upstreamHostName
    case principal(Principal)
    case peer(isUpstream: Bool, PeerAttribute)
    case metadata(filter: String, key: String)
    case expression(Expression)
    case traceID
    case connection
    case stream

    enum GRPCStatusStyle: Hashable, Sendable {
        case camelCase
        case snakeCase
        case number
    }

    enum Size: Hashable, Sendable {
        case received(SizePart)
        case sent(SizePart)
        case upstreamReceived(SizePart)
        case upstreamSent(SizePart)
    }

    /// Which bytes are meant.
    enum SizePart: Hashable, Sendable {
        case headers
        case body
        case wire

        func value(_ sizes: RequestRecord.Sizes) -> UInt64 {
            switch self {
            case .headers: sizes.headers
            case .body: sizes.body
            case .wire: sizes.wire
            }
        }
    }

    enum DurationUnit: Hashable, Sendable {
        case milliseconds
        case microseconds
        case nanoseconds
    }

    enum Address: Hashable, Sendable {
        case upstreamHost
        case upstreamLocal
        case downstreamLocal
        case downstreamRemote
        case downstreamDirect
    }

    enum AddressPart: Hashable, Sendable {
        case whole
        case host
        case port
    }

    enum Principal: Hashable, Sendable {
        case downstreamPeer
        case upstreamPeer
        case local
    }
}
