package import MeshModel

/// The signed request as it must reach STS: we choose method, URL and body, the caller only headers.
package struct CallerIdentityRequest: Sendable, Hashable, CustomStringConvertible {
    /// The fixed form body.
    package static let body = "Action=GetCallerIdentity&Version=2011-06-15"

    /// The region whose STS is asked.
    package let region: String
    /// The exact host name that was signed; one of the region's STS names.
    package let host: String
    /// Every header to send, by lower-case name, `host` and `authorization` among them.
    package let headers: [String: String]

    /// Makes a request.
    package init(region: String, host: String, headers: [String: String]) {
        self.region = region
        self.host = host
        self.headers = headers
    }

    /// Where it goes. Its headers are a signature that is still good, so they are not shown.
    package var description: String { "GetCallerIdentity to \(self.host)" }
}

/// What STS made of a signed request.
package enum CallerIdentityAnswer: Sendable, Hashable {
    /// The signature holds; this is who signed.
    case caller(arn: String)
    /// STS refuses, with its error code.
    case refused(code: String)
    /// No verdict: no answer in time, throttled, or a fault on the other side.
    case unavailable(reason: String)
}

/// Someone who has AWS check a signature: STS, or a stand-in in tests.
package protocol CallerIdentityVerifying: Sendable {
    /// Sends the request as it is, follows no redirect, and answers within a few seconds.
    func callerIdentity(of request: CallerIdentityRequest) async -> CallerIdentityAnswer
}

/// A task as ECS describes it, reduced to what identity depends on.
package struct AttestedTask: Sendable, Hashable {
    /// The task's ARN.
    package var arn: String
    /// The short name of its cluster.
    package var cluster: String
    /// Where the task is in its life, such as `RUNNING`.
    package var lastStatus: String
    /// Where ECS wants it to be, `RUNNING` or `STOPPED`.
    package var desiredStatus: String
    /// The role in force: the task's override, else its definition's.
    package var roleARN: String?
    /// The task's tags.
    package var tags: [String: String]
    /// The namespaces that it may be in, where it was found; empty for all.
    package var namespaces: [NamespacePattern] = []

    /// Makes a task.
    package init(
        arn: String,
        cluster: String,
        lastStatus: String,
        desiredStatus: String,
        roleARN: String?,
        tags: [String: String]
    ) {
        self.arn = arn
        self.cluster = cluster
        self.lastStatus = lastStatus
        self.desiredStatus = desiredStatus
        self.roleARN = roleARN
        self.tags = tags
    }
}

/// What ECS says about a task id.
package enum TaskLookupAnswer: Sendable, Hashable {
    case found(AttestedTask)
    case missing
    /// No verdict: throttled, denied, or no answer in time.
    case unavailable(reason: String)
}

/// Someone who knows tasks: the ECS API, or a stand-in in tests.
package protocol TaskLookup: Sendable {
    /// Looks a task up afresh; an answer from a cache could vouch for a task that has stopped.
    func task(id: String, account: String, region: String) async -> TaskLookupAnswer
}
