/// How much an operator should care about a line.
package enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// A human must act.
    case error = 0
    /// Degraded but coping.
    case warning
    /// A rare change of state.
    case info
    /// One line a connection.
    case debug

    /// Reads `error`, `warn` or `warning`, `info`, `debug` (also `trace`, which is the same here); nil for other text.
    package init?(parsing text: some StringProtocol) {
        switch text {
        case "error": self = .error
        case "warn", "warning": self = .warning
        case "info": self = .info
        case "debug", "trace": self = .debug
        default: return nil
        }
    }

    /// The name in a log line, as ztunnel writes it.
    package var name: StaticString {
        switch self {
        case .error: "error"
        case .warning: "warn"
        case .info: "info"
        case .debug: "debug"
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
