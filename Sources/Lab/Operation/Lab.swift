import AsyncHTTPClient
import Foundation
import Glibc
package import Logging
import NIOPosix

/// A running lab: the AWS API, the VPC, the services' tasks.
package actor Lab {
    /// How long a container has to end after SIGTERM when the whole lab goes down.
    private static let shutdownGrace = Duration.seconds(3)
    /// How often moto is looked at.
    private static let period = Duration.milliseconds(200)
    /// Ended tasks that are remembered, so that a state read before their end doesn't start them again.
    private static let endedTasksKept = 2000

    private let configuration: LabConfiguration
    private let files: StateDirectory
    private let labID: String
    private let logger: Logger
    private var scheduler = ServiceScheduler()
    private var runners: [String: TaskRunner] = [:]
    private var ended: [String] = []
    private var isStopping = false
    private var lastStatus: Data?

    /// A lab with this configuration; nothing is made before `run`.
    package init(_ configuration: LabConfiguration, logger: Logger) {
        self.configuration = configuration
        self.files = StateDirectory(path: configuration.stateDirectory)
        self.labID = String(UInt32.random(in: .min ... .max), radix: 16)
        self.logger = logger
    }

    /// Runs the lab until `stop`, then removes all it made.
    ///
    /// Cleans up first what an earlier lab left in the same state directory. `ready` is called once tasks can be run.
    package func run(ready: @Sendable (MotoServer.Account) -> Void) async throws {
        let problems = self.configuration.problems()
        guard problems.isEmpty else { throw LabError(.invalidConfiguration, problems.joined(separator: "\n")) }
        try self.files.make()
        let lock = try StateLock(self.files)
        defer { lock.release() }
        let ledger = try Ledger(path: self.files.ledger)
        let left = await Cleaner(ledger: ledger).removeAll()
        guard left.isEmpty else {
            throw LabError(
                .foreignResource,
                "leftovers of an earlier lab can't be removed:\n\(left.joined(separator: "\n"))"
            )
        }
        try self.writeIdentity()
        try ledger.willMake(.processes(labID: self.labID))
        let outcome: Result<Void, any Error>
        do {
            try await self.serve(ledger, ready: ready)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        let problemsLeft = await Cleaner(ledger: ledger).removeAll()
        for problem in problemsLeft { self.logger.error("not removed: \(problem)") }
        try? FileManager.default.removeItem(atPath: self.files.status)
        try outcome.get()
    }

    /// Asks the lab to go down.
    package func stop() { self.isStopping = true }

    private func serve(_ ledger: Ledger, ready: @Sendable (MotoServer.Account) -> Void) async throws {
        let configuration = self.configuration
        let runtime = RuntimeDirectory(labID: self.labID)
        try runtime.make(ledger: ledger)
        if configuration.mode == .namespaces {
            try await HostNetwork(
                bridge: configuration.bridge,
                network: configuration.network,
                networkV6: configuration.networkV6,
                ledger: ledger
            ).make()
        }
        let moto = try await MotoServer.start(configuration, labID: self.labID, files: self.files)
        let group = MultiThreadedEventLoopGroup.singleton
        let directory = TaskDirectory()
        let credentials = try TaskCredentials(
            url: configuration.apiURL,
            account: moto.account,
            stateDirectory: self.files.root,
            logger: self.logger
        )
        let isNamespaced = configuration.mode == .namespaces
        let endpoints = try await LabEndpoints.start(
            configuration,
            runtime: runtime,
            directory: directory,
            credentials: credentials,
            group: group,
            logger: self.logger
        )
        let resolver = try ResolverServer(upstream: configuration.upstreamResolver, group: group)
        if isNamespaced { try await resolver.start(host: configuration.hostAddress) }
        try self.files.write(EnvironmentFile.text(configuration, moto.account, endpoints), to: self.files.environment)
        let surroundings = TaskRunner.Surroundings(
            configuration: configuration,
            labID: self.labID,
            logs: self.files.logs,
            vpcID: moto.account.vpcId,
            ledger: ledger,
            runtime: runtime,
            directory: directory,
            credentials: credentials,
            control: moto.control,
            metadataURL: isNamespaced ? "http://\(HostNetwork.metadataAddress)" : endpoints.hostMetadataURL,
            hostMetadataURL: endpoints.hostMetadataURL,
            dockerSocket: endpoints.dockerSocket,
            introspectionURL: endpoints.introspectionURL,
            controlGroups: isNamespaced ? ControlGroup.hierarchy() : nil,
            logger: self.logger
        )
        self.writeStatus(directory)
        ready(moto.account)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.refreshZones(moto, resolver) }
            var complaints = 0
            while !self.isStopping, moto.isRunning {
                do {
                    let state = try await moto.control.state()
                    self.adopt(state, surroundings, &group)
                    await self.schedule(state, moto.control)
                    complaints = 0
                } catch {
                    complaints += 1
                    if complaints == 1 { self.logger.warning("can't read the AWS API's state: \(error)") }
                }
                self.writeStatus(directory)
                try? await Task.sleep(for: Self.period)
            }
            if !moto.isRunning { self.logger.error("the AWS API ended by itself; see \(self.files.motoLog)") }
            self.isStopping = true
            for runner in self.runners.values {
                await runner.stop(
                    code: "ServiceSchedulerInitiated",
                    reason: "the lab goes down",
                    grace: Self.shutdownGrace
                )
            }
        }
        await resolver.stop()
        directory.events.finish()
        await endpoints.stop()
        await credentials.shutdown()
        await moto.stop()
    }

    /// Starts runners for new tasks and tells running ones that they are to stop.
    private func adopt(_ state: MotoState, _ surroundings: TaskRunner.Surroundings, _ group: inout DiscardingTaskGroup)
    {
        let now = ContinuousClock.now
        for task in state.tasks {
            if let runner = self.runners[task.id] {
                guard task.desiredStatus == "STOPPED" else { continue }
                let code = task.stopCode ?? "UserInitiated"
                let reason = task.stoppedReason ?? "Task stopped by user"
                group.addTask { await runner.stop(code: code, reason: reason) }
            } else if !self.ended.contains(task.id) {
                guard let definition = state.taskDefinitions[task.taskDefinitionArn],
                    let runner = try? TaskRunner(task, definition: definition, surroundings: surroundings)
                else {
                    self.logger.error("task can't be run", metadata: ["task": "\(task.id)"])
                    self.forget(task.id)
                    let report = TaskReport(
                        taskArn: task.arn,
                        lastStatus: "STOPPED",
                        stopCode: "TaskFailedToStart",
                        stoppedReason: "the lab can't read this task",
                        failed: true
                    )
                    group.addTask { try? await surroundings.control.report(report) }
                    continue
                }
                self.runners[task.id] = runner
                self.logger.info("task starts", metadata: ["task": "\(task.id)", "group": "\(task.group)"])
                group.addTask {
                    if task.desiredStatus == "STOPPED" {
                        await runner.stop(code: task.stopCode ?? "UserInitiated", reason: task.stoppedReason ?? "")
                    }
                    let outcome = await runner.run()
                    await self.taskEnded(task, outcome, lived: .now - now)
                }
            }
        }
    }

    private func taskEnded(_ task: MotoState.Task, _ outcome: TaskRunner.Outcome, lived: Duration) {
        self.forget(task.id)
        guard outcome.endedByItself else { return }
        self.scheduler.taskEnded(
            deployment: task.startedBy,
            failed: outcome.failed,
            lived: lived / .seconds(1),
            now: Self.seconds
        )
    }

    private func forget(_ id: String) {
        self.runners[id] = nil
        self.ended.append(id)
        if self.ended.count > Self.endedTasksKept { self.ended.removeFirst(Self.endedTasksKept / 2) }
    }

    private func schedule(_ state: MotoState, _ control: MotoControl) async {
        for action in self.scheduler.decide(state, now: Self.seconds) {
            do {
                switch action {
                case .start(let service, let deployment):
                    try await control.startTask(service: service, deployment: deployment)
                case .stop(let task, let reason):
                    try await control.stopTask(task, reason: reason)
                }
            } catch {
                if case .start(_, let deployment) = action {
                    self.scheduler.taskEnded(deployment: deployment, failed: true, lived: 0, now: Self.seconds)
                }
                self.logger.warning("the scheduler's wish was refused: \(error)")
            }
        }
    }

    private func refreshZones(_ moto: MotoServer, _ resolver: ResolverServer) async {
        while !self.isStopping {
            if let zones = try? await moto.control.zones() { resolver.update(zones) }
            try? await Task.sleep(for: .milliseconds(300))
        }
    }

    // MARK: Files

    private func writeIdentity() throws {
        let identity = LabIdentity(
            labID: self.labID,
            processID: getpid(),
            startTime: ProcessTable().startTime(of: getpid()) ?? 0,
            mode: self.configuration.mode,
            apiURL: self.configuration.apiURL
        )
        try? FileManager.default.removeItem(atPath: self.files.status)
        try self.files.write(
            String(decoding: try JSONEncoder().encode(identity), as: UTF8.self),
            to: self.files.identity
        )
    }

    private func writeStatus(_ directory: TaskDirectory) {
        let status = LabStatus(labID: self.labID, isReady: true, tasks: directory.all)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(status), data != self.lastStatus else { return }
        do {
            try self.files.write(String(decoding: data, as: UTF8.self), to: self.files.status)
            self.lastStatus = data
        } catch {
            self.logger.warning("can't write the status: \(error)")
        }
    }

    private static let origin = ContinuousClock.now
    /// Seconds since the program's start, for the scheduler.
    private static var seconds: Double { (ContinuousClock.now - self.origin) / .seconds(1) }
}
