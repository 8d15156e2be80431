import DataPlane
import Glibc
import MeshDNS
import MeshModel
import MeshTelemetry
import Synchronization
import TunnelEngine

/// A whole running ztunnel: threads, listeners, control plane, shutdown.
final class ZTunnelProcess: Sendable {
    private let own: ServedWorkload
    private let plan: StartPlan
    private let workers: [Worker]
    private let roster: WorkloadRoster
    private let controlLoop: EventLoop
    private let control: ControlPart
    private let restart: RestartPart
    private let writer: LogWriter
    private let lambda: LambdaExtension?
    private let progress = Mutex(Progress())

    private struct Progress {
        var status: CInt = 0
        var isDraining = false
        var wasTold = false
    }

    /// Tells the main thread that everything has ended.
    private static let endSignal = SIGUSR1
    /// Tells the main thread that another process has taken over.
    private static let replacedSignal = SIGUSR2

    /// Makes loops and parts; nothing runs yet.
    init(plan: StartPlan, writer: LogWriter, log: Log) throws(SocketError) {
        self.plan = plan
        self.writer = writer
        let processors = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        var workers: [Worker] = []
        for index in 0..<plan.configuration.workers.count(processors: processors) {
            let loop = try EventLoop(index: index + 1)
            loop.halfClosedMilliseconds = plan.configuration.halfClosedTimeout
            workers.append(Worker(loop: loop))
        }
        self.workers = workers
        let roster = WorkloadRoster(workers: workers)
        self.roster = roster
        let state = MeshState(onChange: { snapshot in roster.stateChanged(snapshot) })
        let inheritance = Self.inherit(plan.configuration.restartSocket, log: log)
        let context = MeshContext(
            configuration: plan.configuration,
            state: state,
            log: log,
            listeners: ListenerBook(workers: workers.count, inherited: inheritance?.sockets ?? [])
        )
        self.own = ServedWorkload(key: "", mesh: context, local: plan.local, nameServers: plan.resolver)
        self.controlLoop = try EventLoop(index: 0)
        self.control = ControlPart(loop: self.controlLoop, own: self.own, roster: roster, plan: plan)
        let controlLoop = self.controlLoop
        self.lambda = plan.configuration.lambda.map {
            LambdaExtension(loop: controlLoop, endpoint: $0, log: context.log)
        }
        self.restart = RestartPart(loop: self.controlLoop, context: context, inheritance: inheritance) {
            kill(getpid(), Self.replacedSignal)
        }
        MetricsEndpoint.addProcessMetrics(
            context.registry,
            program: "ztunnel",
            tag: plan.configuration.proxyMetadata["ISTIO_VERSION"] ?? "\(Version.text)"
        )
        LoopMetrics.add(to: context.registry, [self.controlLoop] + workers.map(\.loop))
        context.registry.sampledCounter("tulle_log_lines_dropped_total", help: "Log lines lost.") { writer.dropped }
    }

    private var context: MeshContext { self.own.mesh }

    /// What a running ztunnel passes on to this one; nil when there is none, or it does not want to.
    private static func inherit(_ path: String?, log: Log) -> Inheritance? {
        guard let path else { return nil }
        do throws(Inheritance.Refusal) {
            let inheritance = try Inheritance(path: path)
            log.info("taking over", [LogField("sockets", inheritance.sockets.count)])
            return inheritance
        } catch {
            if case .nobody = error { return nil }
            // The kernel still shares new connections between the two, as they listen with SO_REUSEPORT.
            log.warning("no sockets are taken over", [LogField("reason", "\(error)")])
            return nil
        }
    }

    /// Runs until a signal or the admin endpoint ends it.
    /// - Returns: the exit status.
    func run() -> CInt {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, Self.endSignal, Self.replacedSignal] { sigaddset(&signals, signal) }
        // Before any thread starts, so that all inherit it and the signals come to this thread only.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        for loop in self.workers.map(\.loop) + [self.controlLoop] {
            guard LoopThread.start(loop) else {
                self.context.log.error("thread could not be started")
                return self.end(1)
            }
        }
        self.begin()
        // What is left for this thread is to wait; to read the settings it went deep.
        ProgramStack.release()
        while true {
            var received: CInt = 0
            guard sigwait(&signals, &received) == 0 else { continue }
            if received == Self.endSignal { return self.end(self.progress.withLock { $0.status }) }
            let wasReplaced = received == Self.replacedSignal
            let isSecond = self.progress.withLock { progress in
                defer { progress.wasTold = progress.wasTold || !wasReplaced }
                return progress.wasTold && !wasReplaced
            }
            if isSecond {
                self.context.log.warning("second signal: ending at once")
                return self.end(0)
            }
            guard !wasReplaced else {
                self.drain(wasReplaced: true)
                continue
            }
            self.controlLoop.submit { [self] in self.restart.whenAlone { self.drain(wasReplaced: false) } }
        }
    }

    private func begin() {
        self.context.log.info(
            "ztunnel starting",
            [
                LogField("version", "\(Version.text)"), LogField("identity", "\(self.plan.local.identity)"),
                LogField("server", self.plan.discovery.map { "\($0.url.target)" } ?? "none"),
                LogField("workers", self.workers.count),
            ]
        )
        self.controlLoop.submit { [self] in
            self.joinLambda()
            self.restart.begin(openEndpoints: { self.openEndpoints() })
            self.control.begin(synced: { self.listen() })
        }
    }

    /// Takes part in a function's life, where this is an extension of one. On the control loop.
    private func joinLambda() {
        self.lambda?.start(
            LambdaExtension.Events(
                shutdown: { kill(getpid(), SIGTERM) },
                thawed: { [self] in
                    self.control.probe(milliseconds: LambdaExtension.probeMilliseconds)
                    for worker in self.workers { worker.loop.submit { worker.thawed() } }
                },
                failed: { [self] reason in self.giveUp(reason) }
            )
        )
    }

    private func openEndpoints() {
        self.attempt { () throws(ListenFailure) in
            try self.control.openEndpoints(quit: { kill(getpid(), SIGTERM) })
        }
        guard let first = self.workers.first else { return }
        // On a worker, so that it also proves that the data plane's threads are alive.
        first.loop.submit { [self] in
            let server = EndpointServer(loop: first.loop) { self.answerReadiness($0) }
            self.attempt { () throws(ListenFailure) in
                try server.listen(on: try self.context.sockets(MeshPorts.readiness))
            }
            first.keep(server)
        }
    }

    /// The answer of port 15021.
    private func answerReadiness(_ request: HTTPRequest) -> HTTPResponse {
        if self.workers.contains(where: { $0.loop.isShort }), request.path == "/healthz/ready" {
            return HTTPResponse(status: 500, text: "not ready, pending: descriptors\n")
        }
        return self.context.readiness.answer(request, isExpired: self.own.isExpired)
    }

    /// The first state is here: opens the data plane's listeners.
    private func listen() {
        self.context.readiness.done(.state)
        guard self.plan.configuration.mode == .dedicated else { return self.findWorkloads() }
        self.roster.add(self.own) { [self] result in
            switch result {
            case .success:
                self.stands()
            case .failure(let refusal):
                self.giveUp("\(refusal)")
            }
        }
    }

    /// Opens listeners for many workloads, as they are found.
    private func findWorkloads() {
        do throws(SocketScope.Incapability) {
            try self.control.findWorkloads { [self] in
                self.stands()
            }
        } catch {
            self.giveUp("\(error)")
        }
    }

    /// The data plane's listeners are open.
    private func stands() {
        self.context.readiness.done(.proxy)
        self.context.readiness.done(.dns)
        self.context.log.info("ztunnel ready")
        self.controlLoop.submit { [self] in
            self.lambda?.ready()
            self.restart.ready()
            self.control.idleMemory.release()
        }
    }

    /// Runs a step of the start; a port that can't be bound ends the program.
    private func attempt(_ step: () throws(ListenFailure) -> Void) {
        do throws(ListenFailure) {
            try step()
        } catch {
            self.giveUp("\(error)")
        }
    }

    private func giveUp(_ reason: String) {
        self.context.log.error("ztunnel can't go on", [LogField("error", reason)])
        self.progress.withLock { $0.status = 1 }
        kill(getpid(), Self.endSignal)
    }

    private func drain(wasReplaced: Bool) {
        // A signal that follows a takeover only says what is under way already.
        let isFirst = self.progress.withLock { progress in
            defer { progress.isDraining = true }
            return !progress.isDraining
        }
        guard isFirst else { return }
        // After a takeover the successor answers; an answer that is on its way must not contradict it.
        if !wasReplaced { self.context.readiness.missing(.serving) }
        let configuration = self.plan.configuration
        var deadline = configuration.drainDeadline
        if wasReplaced, let own = configuration.restartDrain { deadline = own }
        if wasReplaced {
            self.controlLoop.submit { [self] in self.control.closeEndpoints() }
            if let first = self.workers.first { first.loop.submit { first.closeEndpoints() } }
        }
        self.context.log.info("draining", [LogField("deadline_milliseconds", deadline)])
        self.controlLoop.submit { self.control.finder?.stop() }
        self.roster.removeAll(milliseconds: deadline) { [self] in
            guard wasReplaced else {
                kill(getpid(), Self.endSignal)
                return
            }
            self.controlLoop.submit { self.restart.afterAnswers { kill(getpid(), Self.endSignal) } }
        }
    }

    /// Gives what is told about the last connections a moment to leave.
    private func flushExports() {
        let configuration = self.context.configuration
        let exports = [configuration.tracing, configuration.accessExport, configuration.metricExport]
        guard exports.contains(where: { $0 != nil }) else { return }
        let isDone = Flag()
        self.controlLoop.submit { [control] in control.flushExports { isDone.raise() } }
        for _ in 0..<Self.flushSteps where !isDone.isRaised { usleep(Self.flushStepMicroseconds) }
    }

    /// Looks at the flag while telemetry leaves, and the time between two.
    private static let flushSteps = 200
    private static let flushStepMicroseconds: UInt32 = 5_000

    private final class Flag: Sendable {
        private let raised = Atomic(false)
        var isRaised: Bool { self.raised.load(ordering: .relaxed) }
        func raise() { self.raised.store(true, ordering: .relaxed) }
    }

    private func end(_ status: CInt) -> CInt {
        self.flushExports()
        for loop in self.workers.map(\.loop) + [self.controlLoop] { loop.stop() }
        self.context.log.info("ztunnel ended", [LogField("status", status)])
        self.writer.close()
        return status
    }
}
