package import AWSClient

/// A message of EventBridge about a task, as a rule puts it into a queue.
package enum TaskEvent: Sendable, Hashable {
    /// A task changed its state.
    case task(ECSTask)
    /// Something else that a rule let through.
    case other
    /// Not an event.
    case malformed

    /// Longer bodies count as malformed; SQS's own limit is 1 MiB.
    private static let bodyLimit = 1 << 20

    /// Reads a message's body. Nothing in it is believed but a task's ARN, version and states.
    package init(_ body: String) {
        guard body.utf8.count <= Self.bodyLimit, let event = try? JSONValue(parsing: Array(body.utf8)),
            let source = event["source"]?.string, let type = event["detail-type"]?.string
        else {
            self = .malformed
            return
        }
        guard source == "aws.ecs", type == "ECS Task State Change" else {
            self = .other
            return
        }
        guard let task = event["detail"].flatMap(ECSTask.init), let place = ARN(parsing: task.arn),
            let cluster = ARN(parsing: task.clusterARN), place.service == "ecs", cluster.service == "ecs",
            place.account == cluster.account, place.region == cluster.region, let version = task.version, version > 0,
            !task.lastStatus.isEmpty, !task.desiredStatus.isEmpty
        else {
            self = .malformed
            return
        }
        self = .task(task)
    }
}

/// What became of an event.
package enum EventOutcome: String, Sendable, Hashable, CaseIterable {
    /// It said something new of a known task.
    case applied
    /// As new or newer was known: a second delivery, or one out of turn.
    case stale
    /// The task is not known yet: a poll is asked for, which brings what events lack.
    case unknown
    /// Of a cluster that nobody watches, or of another kind.
    case ignored
    /// It could not be read.
    case malformed
}
