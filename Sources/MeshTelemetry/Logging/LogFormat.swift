/// How log lines are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// Tab-separated time, level, scope, message and `name=value` pairs.
    case plain
    /// One JSON object a line.
    case json
}
