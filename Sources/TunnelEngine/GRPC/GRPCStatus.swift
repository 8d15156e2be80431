import MeshModel

/// How a gRPC call ended.
package struct GRPCStatus: Error, Hashable, Sendable, CustomStringConvertible {
    /// The codes of gRPC.
    package enum Code: Int, Sendable, CaseIterable {
        case ok = 0
        case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
        case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, internalError, unavailable
        case dataLoss, unauthenticated

        /// The name as gRPC's documents write it.
        package var name: String {
            switch self {
            case .ok: "OK"
            case .cancelled: "CANCELLED"
            case .unknown: "UNKNOWN"
            case .invalidArgument: "INVALID_ARGUMENT"
            case .deadlineExceeded: "DEADLINE_EXCEEDED"
            case .notFound: "NOT_FOUND"
            case .alreadyExists: "ALREADY_EXISTS"
            case .permissionDenied: "PERMISSION_DENIED"
            case .resourceExhausted: "RESOURCE_EXHAUSTED"
            case .failedPrecondition: "FAILED_PRECONDITION"
            case .aborted: "ABORTED"
            case .outOfRange: "OUT_OF_RANGE"
            case .unimplemented: "UNIMPLEMENTED"
            case .internalError: "INTERNAL"
            case .unavailable: "UNAVAILABLE"
            case .dataLoss: "DATA_LOSS"
            case .unauthenticated: "UNAUTHENTICATED"
            }
        }
    }

    /// The code.
    package var code: Code
    /// The server's words or ours, at most ``maximumMessageBytes``.
    package var message: String

    /// How much of a server's message is kept.
    package static let maximumMessageBytes = 1_024

    /// Makes a status; a long message is cut.
    package init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message =
            message.utf8.count <= Self.maximumMessageBytes
            ? message : String(decoding: message.utf8.prefix(Self.maximumMessageBytes), as: UTF8.self)
    }

    /// Reads `grpc-status` and `grpc-message` of trailers; nil when there is no status.
    ///
    /// A status that is no known number reads as unknown, as gRPC asks for.
    package init?(trailers: [HTTP2Header]) {
        guard let text = trailers.first(named: "grpc-status") else { return nil }
        let isNumber = (1...3).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
        let code = isNumber ? Int(text).flatMap { Code(rawValue: $0) } : nil
        self.init(code ?? .unknown, Self.decoded(trailers.first(named: "grpc-message") ?? ""))
    }

    /// What an HTTP status means for a call without `grpc-status`.
    package init(httpStatus: Int) {
        let code: Code =
            switch httpStatus {
            case 400: .internalError
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(code, "http status \(httpStatus) without grpc-status")
    }

    /// Undoes the percent-encoding of `grpc-message`; what isn't a valid escape stays as it is.
    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8.prefix(Self.maximumMessageBytes * 3))[...]
        while let byte = rest.first {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: "%"), let high = Self.hex(rest.first), let low = Self.hex(rest.dropFirst().first) {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hex(_ digit: UInt8?) -> UInt8? {
        guard let digit else { return nil }
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return digit - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return digit - 55
        default: return nil
        }
    }

    /// `UNAVAILABLE: words`.
    package var description: String {
        self.message.isEmpty ? self.code.name : "\(self.code.name): \(self.message)"
    }
}
