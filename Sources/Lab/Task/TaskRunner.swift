import Foundation
import Logging

/// Runs one task from PROVISIONING to STOPPED, as the ECS agent does.
package actor TaskRunner {
    /// Why a task ends.
    private struct StopReason {
        var code: String
        var reason: String
        var failed: Bool
    }

    /// How long a container may wait for those it depends on if it says nothing itself.
    private static let startTimeout = Duration.seconds(180)

    let surroundings: Surroundings
    let definition: TaskDefinition
    let network: TaskNetwork?
    var record: TaskRecord
    var graph: ContainerGraph?
    /// Holds the namespace on a container instance.
    var pause: ChildProcess?
    var processes: [String: ChildProcess] = [:]
    private var launched: [String: ContinuousClock.Instant] = [:]
    var healths: [String: HealthState] = [:]
    private var stopReason: StopReason?
    private var shutdownGrace: Duration?
    var reported: TaskReport?
    private let born = ContinuousClock.now
    private let wake: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// A runner for a task that moto has just made; nothing happens before `run`.
    package init(_ task: MotoState.Task, definition: TaskDefinition, surroundings: Surroundings) throws {
        guard task.id.utf8.count == 32, task.id.allSatisfy(\.isHexDigit) else {
            throw LabError(.invalidConfiguration, "task id \(task.id.prefix(64)) isn't 32 hex digits")
        }
        let definition = definition.overridden(by: task.overrides)
        self.surroundings = surroundings
        self.definition = definition
        self.network = try Self.network(of: task, definition: definition, surroundings: surroundings)
        self.record = TaskRecord(
            task,
            definition: definition,
            surroundings: surroundings,
            namespace: network?.namespace
        )
        (self.wake, self.wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Runs the task to its end and removes all it had. Returns when it is STOPPED.
    package func run() async -> Outcome {
        self.surroundings.directory.update(self.record)
        do {
            try await self.prepare()
            await self.tell("PENDING")
            await self.supervise()
        } catch {
            self.stop(code: "TaskFailedToStart", reason: "\(error)", failed: true)
        }
        let reason = self.stopReason ?? StopReason(code: "TaskFailedToStart", reason: "stopped", failed: true)
        await self.end(reason)
        let isOwnEnd = reason.code == "TaskFailedToStart" || reason.code == "EssentialContainerExited"
        return Outcome(endedByItself: isOwnEnd, failed: reason.failed)
    }

    /// Asks the task to stop; the first reason given stays.
    ///
    /// `grace` bounds every container's stopTimeout, for a lab that goes down.
    package func stop(code: String, reason: String, failed: Bool = false, grace: Duration? = nil) {
        if let grace { self.shutdownGrace = min(grace, self.shutdownGrace ?? grace) }
        if self.stopReason == nil { self.stopReason = StopReason(code: code, reason: reason, failed: failed) }
        self.wakeUp.yield()
    }

    // MARK: Run

    private func supervise() async {
        let ticker = Task { [wakeUp] in
            while !Task.isCancelled {
                wakeUp.yield()
                try? await Task.sleep(for: .seconds(1))
            }
        }
        defer { ticker.cancel() }
        for await _ in self.wake {
            if self.stopReason == nil { self.startReady() }
            if self.stopReason != nil { return }
            let started = self.record.containers.allSatisfy { $0.status != "PENDING" }
            await self.tell(started ? "RUNNING" : self.record.lastStatus)
        }
    }

    private func startReady() {
        guard let graph = self.graph else { return }
        var progress = true
        while progress, self.stopReason == nil {
            progress = false
            let states = self.states
            for container in self.definition.containerDefinitions where states[container.name] == .pending {
                switch graph.verdict(for: container.name, states: states) {
                case .start:
                    self.launch(container)
                    progress = true
                case .wait:
                    let limit = container.startTimeout.map { .seconds(min(max($0, 2), 600)) } ?? Self.startTimeout
                    if ContinuousClock.now - self.born > limit {
                        self.stop(
                            code: "TaskFailedToStart",
                            reason: "container \(container.name) waited \(limit) for those it depends on",
                            failed: true
                        )
                    }
                case .impossible(let reason):
                    self.stop(code: "TaskFailedToStart", reason: reason, failed: true)
                }
            }
        }
    }

    private func launch(_ container: ContainerDefinition) {
        let name = container.name
        guard let entry = self.record.containers.first(where: { $0.name == name }), let plan = entry.plan else {
            return
        }
        do {
            let log = try ContainerLog.open(entry.logPath, plan: plan)
            defer { close(log) }
            let process = try plan.start(plan.arguments, output: log)
            self.processes[name] = process
            self.launched[name] = .now
            self.change(name) { entry in
                entry.status = "RUNNING"
                entry.startedAt = Date().timeIntervalSince1970
                entry.processID = process.id
                entry.exitCode = nil
            }
            Task { await self.watch(container, process) }
            if let check = container.healthCheck, let command = try plan.healthCommand(check) {
                Task { await self.checkHealth(name, process, plan, command) }
            }
        } catch {
            self.change(name) { entry in
                entry.status = "STOPPED"
                entry.exitCode = 127
                entry.reason = "CannotStartContainerError: \(error)"
            }
            if container.isEssential {
                self.stop(code: "TaskFailedToStart", reason: "CannotStartContainerError: \(error)", failed: true)
            }
        }
    }

    private func watch(_ container: ContainerDefinition, _ process: ChildProcess) async {
        let exit = await process.exit()
        // Whoever comes first after the exit, this or `end`, writes it down.
        guard self.finish(container.name, process, exit) else { return }
        let code = exit.shellCode
        if self.stopReason == nil, self.mayRestart(container, code: code) {
            self.change(container.name) { $0.restarts += 1 }
            self.healths[container.name] = container.healthCheck.map(HealthState.init)
            self.launch(container)
        } else if container.isEssential {
            self.stop(
                code: "EssentialContainerExited",
                reason: "Essential container in task exited",
                failed: code != 0
            )
        }
        self.wakeUp.yield()
    }

    private func finish(_ name: String, _ process: ChildProcess, _ exit: ChildProcess.Exit) -> Bool {
        guard self.processes[name] === process else { return false }
        self.processes[name] = nil
        self.log.info("container exited", metadata: ["container": "\(name)", "code": "\(exit.shellCode)"])
        self.change(name) { entry in
            entry.status = "STOPPED"
            entry.exitCode = exit.shellCode
            entry.finishedAt = Date().timeIntervalSince1970
            entry.processID = nil
        }
        return true
    }

    /// Whether the container's restartPolicy lets it run again: it must have run for the policy's period.
    private func mayRestart(_ container: ContainerDefinition, code: Int32) -> Bool {
        guard let policy = container.restartPolicy, policy.enabled, let start = self.launched[container.name] else {
            return false
        }
        if (policy.ignoredExitCodes ?? []).contains(Int(code)) { return false }
        return ContinuousClock.now - start >= .seconds(min(max(policy.restartAttemptPeriod ?? 300, 60), 1800))
    }

    private func checkHealth(
        _ name: String,
        _ process: ChildProcess,
        _ plan: ContainerPlan,
        _ command: [String]
    ) async {
        let start = ContinuousClock.now
        while process.isRunning, self.processes[name] === process, let state = self.healths[name] {
            try? await Task.sleep(for: state.pause)
            guard process.isRunning, self.stopReason == nil else { return }
            let success = await plan.succeeds(command, within: state.timeout)
            guard self.processes[name] === process, var state = self.healths[name] else { return }
            let before = state.status
            state.record(success: success, age: .now - start)
            self.healths[name] = state
            guard state.status != before else { continue }
            self.log.info("health changed", metadata: ["container": "\(name)", "health": "\(state.status.rawValue)"])
            self.change(name) { entry in
                entry.health = state.status
                entry.healthSince = Date().timeIntervalSince1970
            }
            self.wakeUp.yield()
        }
    }

    private var states: [String: ContainerGraph.State] {
        var states: [String: ContainerGraph.State] = [:]
        for container in self.record.containers {
            switch container.status {
            case "PENDING": states[container.name] = .pending
            case "STOPPED": states[container.name] = .stopped(exitCode: container.exitCode ?? 1)
            default: states[container.name] = .running(container.health)
            }
        }
        return states
    }

    // MARK: End

    private func end(_ reason: StopReason) async {
        self.record.desiredStatus = "STOPPED"
        self.record.stopCode = reason.code
        self.record.stoppedReason = reason.reason
        self.log.info("task stops", metadata: ["code": "\(reason.code)", "reason": "\(reason.reason)"])
        await self.tell("STOPPING", failed: reason.failed)
        for group in self.graph?.stopOrder ?? [] {
            await withDiscardingTaskGroup { tasks in
                for name in group {
                    guard let process = self.processes[name] else { continue }
                    let own = self.definition.containerDefinitions.first { $0.name == name }?.stopTimeout ?? 30
                    let wanted = Duration.seconds(min(max(own, 2), 120))
                    let limit = self.shutdownGrace.map { min($0, wanted) } ?? wanted
                    tasks.addTask { await process.end(within: limit) }
                }
            }
            for name in group {
                if let process = self.processes[name] { _ = self.finish(name, process, await process.exit()) }
            }
        }
        await self.tell("DEPROVISIONING")
        await self.endPause()
        do {
            try await self.network?.remove()
        } catch {
            self.log.warning("the task's network isn't wholly removed; `tulle-lab down` will try again: \(error)")
        }
        await self.removeControlGroups()
        self.surroundings.runtime.removeScratch(taskID: self.record.id)
        self.surroundings.credentials.forget(task: self.record.id)
        for name in self.record.containers.map(\.name) {
            self.change(name) { entry in
                if entry.status == "PENDING" || entry.status == "RUNNING" { entry.status = "STOPPED" }
            }
        }
        await self.tell("STOPPED")
        self.surroundings.directory.remove(self.record.id)
    }
}
