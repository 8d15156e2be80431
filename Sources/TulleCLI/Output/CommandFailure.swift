import AWSClient

/// Why a command stops: what happened and what to do next.
package struct CommandFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, in one line.
    package let message: String
    /// What to do next; `nil` when there is nothing to say.
    package let hint: String?
    /// What the program ends with.
    package let status: ExitStatus
    /// The control plane's own code; `nil` for what is not its refusal.
    package let code: String?

    /// Holds the parts.
    package init(_ message: String, hint: String? = nil, status: ExitStatus = .failure, code: String? = nil) {
        self.message = message
        self.code = code
        self.hint = hint
        self.status = status
    }

    /// Any error in a person's words.
    package init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let refusal as EnrolmentRefusal: self.init(refusal.description, hint: refusal.hint)
        case let error as AWSError: self.init(error.description, hint: Self.hint(for: error))
        default: self.init("\(error)")
        }
    }

    package var description: String { self.message }

    private static func hint(for error: AWSError) -> String {
        switch error.kind {
        case _ where error.code == AWSError.Code.noRegion: "pass --region, or set AWS_REGION"
        case .throttled: "AWS asks to slow down; wait a minute and run this again"
        case .accessDenied where error.action == "RegisterTaskDefinition":
            "the caller needs ecs:RegisterTaskDefinition, and iam:PassRole on the task and execution roles"
        case .accessDenied: "the caller needs the permission \(error.service):\(error.action)"
        case .notFound: "check the name, --cluster and --region"
        case .invalid: "AWS refused the request as it is; the message above names the field"
        case .server: "this is AWS's own failure; run this again in a moment"
        case .transport: "check the network, --region, and AWS_ENDPOINT_URL if it is set"
        case .credentials:
            "pass --profile, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; 'aws sts get-caller-identity' tests it"
        }
    }
}
