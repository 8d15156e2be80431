/// Keeps each service's desired number of tasks running, as ECS's service scheduler does; pure.
///
/// A new deployment starts its tasks first and stops the old ones as the new become healthy, within the service's
/// maximumPercent and minimumHealthyPercent. Tasks that fail are replaced ever more slowly.
package struct ServiceScheduler: Sendable {
    /// What the lab is to do next.
    package enum Action: Sendable, Equatable {
        case start(service: String, deployment: String)
        case stop(task: String, reason: String)
    }

    /// Longest pause between two attempts, in seconds.
    package static let longestPause = 30.0
    /// A task that ends by itself sooner than this counts as failed, in seconds.
    package static let shortLife = 10.0

    private struct Backoff {
        var failures = 0
        var notBefore = 0.0
    }

    private var backoffs: [String: Backoff] = [:]

    package init() {}

    /// Takes in that a task of a deployment ended by itself; times in seconds on the caller's clock.
    package mutating func taskEnded(deployment: String, failed: Bool, lived: Double, now: Double) {
        guard failed || lived < Self.shortLife else {
            self.backoffs[deployment] = nil
            return
        }
        var backoff = self.backoffs[deployment] ?? Backoff()
        backoff.failures += 1
        let exponent = min(backoff.failures - 1, 5)
        backoff.notBefore = now + min(Double(1 << exponent), Self.longestPause)
        self.backoffs[deployment] = backoff
    }

    /// What to do, given moto's state; `now` in seconds.
    package mutating func decide(_ state: MotoState, now: Double) -> [Action] {
        let deployments = Set(state.services.flatMap { $0.deployments.map(\.id) })
        self.backoffs = self.backoffs.filter { deployments.contains($0.key) }
        return state.services.flatMap { self.decide($0, state, now) }
    }

    private func decide(_ service: MotoState.Service, _ state: MotoState, _ now: Double) -> [Action] {
        let tasks = state.tasks.filter {
            $0.cluster == service.cluster && $0.serviceName == service.name && $0.desiredStatus == "RUNNING"
                && $0.arn.split(separator: ":").prefix(5) == service.arn.split(separator: ":").prefix(5)
        }
        guard service.status == "ACTIVE", let primary = service.deployments.first(where: \.primary) else {
            return tasks.map { .stop(task: $0.arn, reason: "service \(service.name) is being deleted") }
        }
        let unhealthy = tasks.filter { $0.healthStatus == "UNHEALTHY" }
        var actions = unhealthy.map { task -> Action in
            .stop(task: task.arn, reason: "(service \(service.name)) (task \(task.id)) failed container health checks")
        }
        let alive = tasks.filter { $0.healthStatus != "UNHEALTHY" }.sorted { $0.createdAt < $1.createdAt }
        let current = alive.filter { $0.startedBy == primary.id }
        let old = alive.filter { $0.startedBy != primary.id }
        let desired = max(0, min(service.desiredCount, 1000))

        for task in current.dropFirst(desired) {
            actions.append(.stop(task: task.arn, reason: "Scaling activity initiated by deployment \(primary.id)"))
        }
        let most = (desired * max(100, min(service.maximumPercent, 1000)) + 99) / 100
        let missing = max(0, min(desired - current.count, most - alive.count))
        if now >= self.backoffs[primary.id]?.notBefore ?? 0 {
            actions += Array(repeating: .start(service: service.arn, deployment: primary.id), count: missing)
        }

        let least = (desired * max(0, min(service.minimumHealthyPercent, 100)) + 99) / 100
        let ready = current.prefix(desired).filter { Self.isReady($0, state) }.count
        let readyOld = old.filter { Self.isReady($0, state) }
        let spare = max(0, ready + readyOld.count - least)
        let stopping = old.filter { !Self.isReady($0, state) } + readyOld.prefix(spare)
        // Old tasks that aren't ready serve nobody, but stopping them frees room for new ones.
        for task in stopping {
            actions.append(.stop(task: task.arn, reason: "Scaling activity initiated by deployment \(primary.id)"))
        }
        return actions
    }

    /// Whether a task serves: RUNNING, and HEALTHY if any essential container says how it is.
    private static func isReady(_ task: MotoState.Task, _ state: MotoState) -> Bool {
        guard task.lastStatus == "RUNNING" else { return false }
        let containers = state.taskDefinitions[task.taskDefinitionArn]?.containerDefinitions ?? []
        let isChecked = containers.contains { $0.isEssential && $0.healthCheck != nil }
        return !isChecked || task.healthStatus == "HEALTHY"
    }
}
