/// What a request may be tried again for: Envoy's `retry_on` and `retry_grpc_on`.
package struct RetryConditions: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Any 5xx, or no response at all.
    package static let serverErrors = Self(rawValue: 1 << 0)
    /// 502, 503, 504, or no response at all, which we answer so.
    package static let gatewayErrors = Self(rawValue: 1 << 1)
    /// No response at all.
    package static let reset = Self(rawValue: 1 << 2)
    /// No response, and the request was not sent yet.
    package static let resetBeforeRequest = Self(rawValue: 1 << 3)
    /// The connection could not be made.
    package static let connectFailure = Self(rawValue: 1 << 4)
    /// RST_STREAM with REFUSED_STREAM.
    package static let refusedStream = Self(rawValue: 1 << 5)
    /// 409.
    package static let clientErrors = Self(rawValue: 1 << 6)
    /// The codes that were listed.
    package static let statusCodes = Self(rawValue: 1 << 7)
    /// A response with `x-envoy-ratelimited`.
    package static let rateLimited = Self(rawValue: 1 << 8)
    /// gRPC status 1.
    package static let cancelled = Self(rawValue: 1 << 9)
    /// gRPC status 4.
    package static let deadlineExceeded = Self(rawValue: 1 << 10)
    /// gRPC status 13.
    package static let internalError = Self(rawValue: 1 << 11)
    /// gRPC status 8.
    package static let resourceExhausted = Self(rawValue: 1 << 12)
    /// gRPC status 14.
    package static let unavailable = Self(rawValue: 1 << 13)

    /// The condition of each of Envoy's names. Those that nothing here can meet are known and stand for nothing:
    /// `http3-post-connect-failure` as we speak no HTTP/3, `retriable-headers` as no configuration lists headers.
    private static func named(_ name: some StringProtocol) -> Self? {
        switch name {
        case "5xx": .serverErrors
        case "gateway-error": .gatewayErrors
        case "reset": .reset
        case "reset-before-request": .resetBeforeRequest
        case "connect-failure": .connectFailure
        case "refused-stream": .refusedStream
        case "retriable-4xx": .clientErrors
        case "retriable-status-codes": .statusCodes
        case "envoy-ratelimited": .rateLimited
        case "cancelled": .cancelled
        case "deadline-exceeded": .deadlineExceeded
        case "internal": .internalError
        case "resource-exhausted": .resourceExhausted
        case "unavailable": .unavailable
        case "http3-post-connect-failure", "retriable-headers": []
        default: nil
        }
    }

    /// Reads names, and status codes among them, as Istio allows: each text may hold several with commas between.
    static func parse(_ texts: [String]) throws(RetryPolicyError) -> (conditions: Self, codes: [Int]) {
        var conditions: Self = []
        var codes: [Int] = []
        for text in texts {
            for part in text.split(separator: ",") {
                let name = part.trimmingBlanks
                if name.isEmpty { continue }
                if let known = Self.named(name) {
                    conditions.formUnion(known)
                } else if let code = Int(name), (100...599).contains(code) {
                    conditions.insert(.statusCodes)
                    codes.append(code)
                } else {
                    throw .unknownCondition(String(name))
                }
            }
        }
        return (conditions, codes)
    }

    /// The condition that a gRPC status meets.
    func meets(grpcStatus: Int) -> Bool {
        switch grpcStatus {
        case 1: self.contains(.cancelled)
        case 4: self.contains(.deadlineExceeded)
        case 8: self.contains(.resourceExhausted)
        case 13: self.contains(.internalError)
        case 14: self.contains(.unavailable)
        default: false
        }
    }
}

/// Why a retry policy can't be used.
package enum RetryPolicyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Neither a condition nor a status code.
    case unknownCondition(String)

    package var description: String {
        switch self {
        case .unknownCondition(let name):
            "retryOn: \(name.prefix(64)) is neither a condition that Envoy knows, such as 5xx or connect-failure, nor a "
                + "status code in 100...599"
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var rest = self
        while rest.utf8.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        while rest.utf8.last == UInt8(ascii: " ") { rest = rest.dropLast() }
        return rest
    }
}
