/// Status codes of gRPC, and how they go with HTTP's.
package struct GRPCStatus: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let ok = Self(rawValue: 0)
    package static let cancelled = Self(rawValue: 1)
    package static let unknown = Self(rawValue: 2)
    package static let invalidArgument = Self(rawValue: 3)
    package static let deadlineExceeded = Self(rawValue: 4)
    package static let notFound = Self(rawValue: 5)
    package static let alreadyExists = Self(rawValue: 6)
    package static let permissionDenied = Self(rawValue: 7)
    package static let resourceExhausted = Self(rawValue: 8)
    package static let failedPrecondition = Self(rawValue: 9)
    package static let aborted = Self(rawValue: 10)
    package static let outOfRange = Self(rawValue: 11)
    package static let unimplemented = Self(rawValue: 12)
    package static let `internal` = Self(rawValue: 13)
    package static let unavailable = Self(rawValue: 14)
    package static let dataLoss = Self(rawValue: 15)
    package static let unauthenticated = Self(rawValue: 16)

    /// What a gRPC client is told in place of an HTTP status (gRPC's `http-grpc-status-mapping`).
    package init(http status: Int) {
        switch status {
        case 400: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 429, 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }

    /// What a client that does not speak gRPC is told in its place, as Envoy maps it.
    package var httpStatus: Int {
        switch self {
        case .ok: 200
        case .cancelled: 499
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .deadlineExceeded: 504
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .permissionDenied: 403
        case .resourceExhausted: 429
        case .unimplemented: 501
        case .unavailable: 503
        case .unauthenticated: 401
        default: 500
        }
    }
}
