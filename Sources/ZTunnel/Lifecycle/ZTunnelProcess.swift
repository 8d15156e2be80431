import Glibc
import MeshDNS
import MeshModel
import MeshTelemetry
import Synchronization
import TunnelEngine

/// A whole running ztunnel: threads, listeners, control plane, shutdown.
final class ZTunnelProcess: Sendable {
    private let context: MeshContext
    private let plan: StartPlan
    private let workers: [Worker]
    private let controlLoop: EventLoop
    private let control: ControlPart
    private let writer: LogWriter
    private let progress = Mutex(Progress())

    private struct Progress {
        var status: CInt = 0
        var listening = 0
        var drained = 0
        var isDraining = false
    }

    /// Tells the main thread that everything has ended.
    private static let endSignal = SIGUSR1

    /// Makes loops and parts; nothing runs yet.
    init(plan: StartPlan, writer: LogWriter, log: Log) throws(SocketError) {
        self.plan = plan
        self.writer = writer
        let audience = WorkerAudience()
        let state = MeshState(onChange: { snapshot in audience.tell(snapshot) })
        let context = MeshContext(configuration: plan.configuration, local: plan.local, state: state, log: log)
        self.context = context
        let processors = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        var workers: [Worker] = []
        for index in 0..<plan.configuration.workers.count(processors: processors) {
            workers.append(
                Worker(loop: try EventLoop(index: index + 1), context: context, resolver: plan.resolver)
            )
        }
        self.workers = workers
        audience.set(workers)
        self.controlLoop = try EventLoop(index: 0)
        self.control = ControlPart(loop: self.controlLoop, context: context, plan: plan)
        MetricsEndpoint.addProcessMetrics(context.registry)
        context.registry.sampledCounter("tulle_log_lines_dropped_total", help: "Log lines lost.") { writer.dropped }
    }

    /// Runs until a signal or the admin endpoint ends it.
    /// - Returns: the exit status.
    func run() -> CInt {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, Self.endSignal] { sigaddset(&signals, signal) }
        // Before any thread starts, so that all inherit it and the signals come to this thread only.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        for loop in self.workers.map(\.loop) + [self.controlLoop] {
            guard LoopThread.start(loop) else {
                self.context.log.error("thread could not be started")
                return self.end(1)
            }
        }
        self.begin()
        while true {
            var received: CInt = 0
            guard sigwait(&signals, &received) == 0 else { continue }
            if received == Self.endSignal { return self.end(self.progress.withLock { $0.status }) }
            let isSecond = self.progress.withLock { $0.isDraining }
            if isSecond {
                self.context.log.warning("second signal: ending at once")
                return self.end(0)
            }
            self.drain()
        }
    }

    private func begin() {
        self.context.log.info(
            "ztunnel starting",
            [
                LogField("version", "\(Version.text)"), LogField("identity", "\(self.plan.local.identity)"),
                LogField("server", "\(self.plan.token.controlPlane.target)"), LogField("workers", self.workers.count),
            ]
        )
        if let first = self.workers.first {
            // On a worker, so that it also proves that the data plane's threads are alive.
            first.loop.submit { [self] in
                let server = EndpointServer(loop: first.loop) { self.context.answerReadiness($0) }
                self.attempt { () throws(ListenFailure) in
                    _ = try self.context.binding(MeshPorts.readiness) { address throws(SocketError) in
                        try server.listen(on: address)
                    }
                }
                first.keep(server)
            }
        }
        self.controlLoop.submit { [self] in
            self.attempt { () throws(ListenFailure) in
                try self.control.begin(quit: { kill(getpid(), SIGTERM) }, synced: { self.listen() })
            }
        }
    }

    /// The first state is here: opens the data plane's listeners.
    private func listen() {
        self.context.readiness.done(.state)
        for worker in self.workers {
            worker.loop.submit { [self] in
                self.attempt { () throws(ListenFailure) in
                    try worker.listen()
                    let isLast = self.progress.withLock { progress in
                        progress.listening += 1
                        return progress.listening == self.workers.count
                    }
                    guard isLast else { return }
                    self.context.readiness.done(.proxy)
                    self.context.log.info("ztunnel ready")
                }
            }
        }
    }

    /// Runs a step of the start; a port that can't be bound ends the program.
    private func attempt(_ step: () throws(ListenFailure) -> Void) {
        do throws(ListenFailure) {
            try step()
        } catch {
            self.context.log.error("listener failed", [LogField("error", "\(error)")])
            self.progress.withLock { $0.status = 1 }
            kill(getpid(), Self.endSignal)
        }
    }

    private func drain() {
        self.progress.withLock { $0.isDraining = true }
        self.context.readiness.missing(.serving)
        let deadline = self.plan.configuration.drainDeadline
        self.context.log.info("draining", [LogField("deadline_milliseconds", deadline)])
        for worker in self.workers {
            worker.loop.submit { [self] in
                worker.drain(milliseconds: deadline) {
                    let isLast = self.progress.withLock { progress in
                        progress.drained += 1
                        return progress.drained == self.workers.count
                    }
                    if isLast { kill(getpid(), Self.endSignal) }
                }
            }
        }
    }

    private func end(_ status: CInt) -> CInt {
        for loop in self.workers.map(\.loop) + [self.controlLoop] { loop.stop() }
        self.context.log.info("ztunnel ended", [LogField("status", status)])
        self.writer.close()
        return status
    }
}

/// Tells workers of a new state.
private final class WorkerAudience: Sendable {
    private let workers = Mutex<[Worker]>([])

    func set(_ workers: [Worker]) { self.workers.withLock { $0 = workers } }

    func tell(_ snapshot: MeshSnapshot) {
        for worker in self.workers.withLock({ $0 }) {
            worker.loop.submit { worker.stateChanged(snapshot) }
        }
    }
}
