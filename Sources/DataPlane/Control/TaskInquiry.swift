import MeshModel
import MeshTelemetry
package import TunnelEngine

/// Asks ECS who the task is that we run in: its name and addresses, and the region whose STS can speak for it.
///
/// Confined to its loop. Without metadata an answer from the environment does; without a region it asks again.
package final class TaskInquiry {
    private let loop: EventLoop
    private let context: ControlContext
    private let plan: AttestationPlan
    private let local: LocalWorkload
    private let scope: SocketScope
    private var completion: ((TaskRole) -> Void)?
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// The pause before it asks again.
    private static let milliseconds: UInt64 = 2_000
    /// Metadata of a task of many containers.
    private static let answerBytes = 256 * 1024

    /// Prepares; nobody is asked yet.
    /// - Parameters:
    ///   - local: whose name and addresses are learned.
    ///   - scope: where the credentials are asked for.
    package init(
        loop: EventLoop,
        context: ControlContext,
        plan: AttestationPlan,
        local: LocalWorkload,
        scope: SocketScope = .process
    ) {
        self.loop = loop
        self.context = context
        self.plan = plan
        self.local = local
        self.scope = scope
    }

    /// Asks; the completion is called once, possibly before this returns, with what proves our identity.
    package func start(completion: @escaping (TaskRole) -> Void) {
        self.completion = completion
        self.ask()
    }

    private func ask() {
        guard let (address, request) = self.plan.metadata else { return self.finish(taskARN: nil) }
        HTTPFetch.get(loop: self.loop, address: address, request: request, bodyLimit: Self.answerBytes) {
            [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let body):
                let metadata = TaskMetadata(body: body)
                if let metadata {
                    self.local.learn(name: metadata.taskID)
                    for address in metadata.addresses { self.local.add(address) }
                } else {
                    self.context.log.warning("task metadata are unusable")
                }
                self.finish(taskARN: metadata?.taskARN)
            case .failure(let failure):
                self.context.log.warning("task metadata not available", [LogField("error", "\(failure)")])
                self.finish(taskARN: nil)
            }
        }
    }

    private func finish(taskARN: String?) {
        guard let region = self.plan.region ?? (try? AWSRegion.resolve(environment: { _ in nil }, taskARN: taskARN))
        else {
            self.context.log.warning("region unknown", [LogField("error", "\(AttestationError.regionUnknown)")])
            return self.alarm.set(after: Self.milliseconds) { [weak self] in self?.ask() }
        }
        let completion = self.completion
        self.completion = nil
        completion?(
            TaskRole(
                endpoint: self.plan.endpoint,
                scope: self.scope,
                region: region,
                audience: self.plan.audience
            )
        )
    }
}
