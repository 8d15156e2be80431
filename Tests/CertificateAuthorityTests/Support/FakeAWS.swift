import CertificateAuthority
import Foundation
import Synchronization

/// STS and ECS as a test says they are.
final class FakeAWS: CallerIdentityVerifying, TaskLookup {
    static let taskID = "0123456789abcdef0123456789abcdef"
    static let roleARN = "arn:aws:iam::111122223333:role/mesh/echo-role"
    static let callerARN = "arn:aws:sts::111122223333:assumed-role/echo-role/\(taskID)"

    struct Answers: Sendable {
        var caller: CallerIdentityAnswer = .caller(arn: FakeAWS.callerARN)
        var task: TaskLookupAnswer = .found(FakeAWS.task())
        var requests: [CallerIdentityRequest] = []
    }

    let answers = Mutex(Answers())

    static func task() -> AttestedTask {
        AttestedTask(
            arn: "arn:aws:ecs:us-east-1:111122223333:task/c1/\(Self.taskID)",
            cluster: "c1",
            lastStatus: "RUNNING",
            desiredStatus: "RUNNING",
            roleARN: Self.roleARN,
            tags: [:]
        )
    }

    func callerIdentity(of request: CallerIdentityRequest) async -> CallerIdentityAnswer {
        self.answers.withLock { answers in
            answers.requests.append(request)
            return answers.caller
        }
    }

    func task(id: String, account: String, region: String) async -> TaskLookupAnswer {
        self.answers.withLock { $0.task }
    }
}
