/// What the lab could not do, in words for the person who runs it.
package struct LabError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of reasons.
    package enum Code: String, Sendable, CaseIterable {
        case alreadyRunning = "already_running"
        case commandFailed = "command_failed"
        case containerUnsupported = "container_unsupported"
        case foreignResource = "foreign_resource"
        case invalidConfiguration = "invalid_configuration"
        case missingTool = "missing_tool"
        case notFound = "not_found"
        case notRunning = "not_running"
        case portInUse = "port_in_use"
        case apiFailed = "api_failed"
        case timedOut = "timed_out"
    }

    /// What went wrong.
    package var code: Code
    /// Names the thing, its value and what to do next.
    package var message: String

    /// An error of one code with its message.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(self.message) (\(self.code.rawValue))" }
}
