import Foundation

/// Times as AWS writes them: epoch seconds in API answers, ISO 8601 in credentials and events.
package enum Timestamp {
    /// Seconds since the epoch of `2026-01-02T09:04:05Z`, with or without a fraction; `nil` for anything else.
    package static func epochSeconds(iso8601 text: String) -> Double? {
        let plain = try? Date(text, strategy: Date.ISO8601FormatStyle())
        let fractional = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        return (plain ?? fractional)?.timeIntervalSince1970
    }

    /// Seconds since the epoch of either encoding; `nil` for `null` and what is neither.
    package static func epochSeconds(_ value: JSONValue?) -> Double? {
        value?.double ?? value?.string.flatMap { Self.epochSeconds(iso8601: $0) }
    }
}
