/// A fact of a span or an exported log record.
package enum TelemetryValue: Hashable, Sendable {
    /// Words.
    case text(String)
    /// A whole number.
    case number(Int64)
}
