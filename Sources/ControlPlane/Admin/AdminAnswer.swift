import Foundation
import MeshConfig

/// An answer of the admin port.
package struct AdminAnswer: Sendable {
    /// The HTTP status.
    package var status: Int
    /// The media type.
    package var contentType: String
    /// The body.
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Plain text, one line.
    static func text(_ text: String, status: Int = 200) -> AdminAnswer {
        AdminAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
    }

    /// JSON with its keys in order, so that the same state gives the same bytes.
    static func json(_ value: some Encodable, status: Int = 200) -> AdminAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.dateEncodingStrategy = .iso8601
        guard let body = try? encoder.encode(value) else { return .text("the page cannot be written", status: 500) }
        return AdminAnswer(status: status, contentType: "application/json", body: Array(body) + [UInt8(ascii: "\n")])
    }

    /// `{"error":{"code":…,"message":…}}`.
    static func failure(_ fault: AdminFault) -> AdminAnswer {
        .json(["error": ["code": fault.code.rawValue, "message": fault.message]], status: fault.code.status)
    }
}

/// Why the admin API does not do what it was asked for.
package struct AdminFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of reasons.
    package enum Code: String, Sendable, CaseIterable {
        case badRequest = "bad_request"
        case unauthenticated
        case forbidden
        case foreignHost = "foreign_host"
        case foreignOrigin = "foreign_origin"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case conflict
        case tooLarge = "too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case headTooLarge = "head_too_large"
        case failed
        case notProvided = "not_provided"
        case unavailable

        /// The HTTP status.
        package var status: Int {
            switch self {
            case .badRequest: 400
            case .unauthenticated: 401
            case .forbidden, .foreignOrigin: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .conflict: 409
            case .tooLarge: 413
            case .unsupportedMediaType: 415
            case .foreignHost: 421
            case .headTooLarge: 431
            case .failed: 500
            case .notProvided: 501
            case .unavailable: 503
            }
        }
    }

    /// Which reason.
    package let code: Code
    /// What was wrong, and what is allowed.
    package let message: String

    /// Makes a fault.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(self.code.rawValue): \(self.message)" }
}

/// A configuration value in an answer.
struct AdminValue: Encodable {
    let value: ConfigValue

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self.value {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value):
            // JSON has no word for what is no finite number.
            if value.isFinite { try container.encode(value) } else { try container.encode("\(value)") }
        case .string(let value): try container.encode(value)
        case .list(let values): try container.encode(values.map(AdminValue.init))
        case .map(let entries): try container.encode(entries.mapValues(AdminValue.init))
        }
    }
}
