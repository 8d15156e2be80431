import DataPlane
import Glibc
import MeshModel
import MeshTelemetry
import Synchronization
import TunnelEngine

/// A whole running waypoint: threads, listeners, control plane, shutdown.
final class WaypointProcess: Sendable {
    private let context: WaypointContext
    private let workers: [WaypointWorker]
    private let controlLoop: EventLoop
    private let control: ControlPart
    private let writer: LogWriter
    private let progress = Mutex(Progress())

    private struct Progress {
        var status: CInt = 0
        var isDraining = false
        var leftToDrain = 0
    }

    /// Tells the main thread that everything has ended.
    private static let endSignal = SIGUSR1

    /// Makes loops and parts; nothing runs yet.
    init(plan: StartPlan, writer: LogWriter, log: Log) throws(SocketError) {
        self.writer = writer
        let context = WaypointContext(configuration: plan.configuration, local: plan.local, log: log) {
            writer.write($0)
        }
        self.context = context
        let processors = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        let first = WaypointPlan.empty(own: plan.local.client(in: MeshSnapshot()))
        var workers: [WaypointWorker] = []
        for index in 0..<plan.configuration.workers.count(processors: processors) {
            let loop = try EventLoop(index: index + 1)
            workers.append(WaypointWorker(loop: loop, context: context, resolver: plan.resolver, plan: first))
        }
        self.workers = workers
        self.controlLoop = try EventLoop(index: 0)
        self.control = ControlPart(loop: self.controlLoop, context: context, plan: plan, workers: workers)
        MetricsEndpoint.addProcessMetrics(context.registry, program: "proxy", tag: "\(Version.text)")
        LoopMetrics.add(to: context.registry, [self.controlLoop] + workers.map(\.loop))
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
            let isSecond = self.progress.withLock { progress in
                defer { progress.isDraining = true }
                return progress.isDraining
            }
            if isSecond {
                self.context.log.warning("second signal: ending at once")
                return self.end(0)
            }
            self.drain()
        }
    }

    private func begin() {
        self.context.log.info(
            "waypoint starting",
            [
                LogField("version", "\(Version.text)"), LogField("identity", "\(self.context.local.identity)"),
                LogField("workers", self.workers.count),
            ]
        )
        self.controlLoop.submit { [self] in
            self.attempt { () throws(ListenFailure) in
                try self.control.openEndpoints(quit: { kill(getpid(), SIGTERM) })
            }
            self.control.begin(synced: { self.listen() })
        }
        guard let first = self.workers.first else { return }
        // On a worker, so that it also proves that the data plane's threads are alive.
        first.loop.submit { [self] in
            let server = EndpointServer(loop: first.loop) { self.answerReadiness($0) }
            self.attempt { () throws(ListenFailure) in
                let address = self.context.listenAddress(port: self.context.configuration.readinessPort)
                do throws(SocketError) {
                    try server.listen(on: address)
                } catch {
                    throw ListenFailure(address: address, error: error)
                }
            }
            first.keep(server)
        }
    }

    private func answerReadiness(_ request: HTTPRequest) -> HTTPResponse {
        if self.workers.contains(where: { $0.loop.isShort }), request.path == "/healthz/ready" {
            return HTTPResponse(status: 500, text: "not ready, pending: descriptors\n")
        }
        return self.context.readiness.answer(request, isExpired: self.context.isExpired)
    }

    /// The first state is here: opens the data plane's listeners.
    private func listen() {
        self.context.readiness.done(.state)
        let left = Atomic(self.workers.count)
        for worker in self.workers {
            worker.loop.submit { [self] in
                self.attempt { () throws(ListenFailure) in try worker.listen() }
                guard left.subtract(1, ordering: .relaxed).newValue == 0 else { return }
                self.context.readiness.done(.proxy)
                self.context.log.info("waypoint ready")
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
        self.context.readiness.missing(.serving)
        self.context.log.info("draining")
        self.progress.withLock { $0.leftToDrain = self.workers.count }
        for worker in self.workers {
            worker.loop.submit { [self] in
                worker.drain {
                    let left = self.progress.withLock { progress in
                        progress.leftToDrain -= 1
                        return progress.leftToDrain
                    }
                    if left == 0 { kill(getpid(), Self.endSignal) }
                }
            }
        }
    }

    /// Gives what is told about the last requests a moment to leave.
    private func flushExports() {
        let isDone = Atomic(false)
        self.controlLoop.submit { [control] in control.flushExports { isDone.store(true, ordering: .relaxed) } }
        for _ in 0..<Self.flushSteps where !isDone.load(ordering: .relaxed) { usleep(Self.flushStepMicroseconds) }
    }

    /// Looks at the flag while telemetry leaves, and the time between two.
    private static let flushSteps = 200
    private static let flushStepMicroseconds: UInt32 = 5_000

    private func end(_ status: CInt) -> CInt {
        self.flushExports()
        for loop in self.workers.map(\.loop) + [self.controlLoop] { loop.stop() }
        self.context.log.info("waypoint ended", [LogField("status", status)])
        self.writer.close()
        return status
    }
}
