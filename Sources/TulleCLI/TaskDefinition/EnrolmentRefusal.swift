/// Why a task definition or a service cannot be enrolled as it stands. Codes are stable; `docs/errors.md` lists them.
package struct EnrolmentRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of reasons.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The JSON is not a task definition.
        case definitionMalformed = "definition_malformed"
        /// Only `awsvpc` gives a task its own address and network namespace.
        case networkModeUnsupported = "network_mode_unsupported"
        /// Windows tasks have no ztunnel.
        case platformUnsupported = "platform_unsupported"
        /// Without a task role there are no credentials to prove an identity with.
        case taskRoleMissing = "task_role_missing"
        /// Another container runs under ztunnel's uid and would go round the capture.
        case userReserved = "user_reserved"
        /// Another container wants a port that ztunnel listens on.
        case portReserved = "port_reserved"
        /// The definition already hands its traffic to another proxy.
        case foreignProxy = "foreign_proxy"
        /// The containers wait for each other in a circle.
        case dependencyCycle = "dependency_cycle"
        /// Nobody said which image ztunnel runs from.
        case imageMissing = "image_missing"
        /// There is no ztunnel to take out.
        case notEnrolled = "not_enrolled"
        /// The service is draining or deleted.
        case serviceNotActive = "service_not_active"
        /// Something else than ECS rolls this service out.
        case deploymentControllerUnsupported = "deployment_controller_unsupported"
        /// ECS Anywhere tasks have no network interface of their own.
        case launchTypeUnsupported = "launch_type_unsupported"
    }

    /// The reason, for programs.
    package let code: Code
    /// What is wrong: field, value, what is allowed.
    package let message: String
    /// What to do next.
    package let hint: String

    /// Holds the parts.
    package init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(self.code.rawValue): \(self.message)" }
}
