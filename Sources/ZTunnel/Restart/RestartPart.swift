import MeshTelemetry
import TunnelEngine

/// A restart without a gap, as one process sees it: it takes over from the one before, and waits for the one after.
///
/// Confined to the control loop, apart from `init`.
final class RestartPart: @unchecked Sendable {
    private let loop: EventLoop
    private let context: MeshContext
    private let inheritance: Inheritance?
    private let replaced: () -> Void
    private var predecessor: Predecessor?
    private var port: SuccessorPort?
    private var openEndpoints: (() -> Void)?
    private var isReady = false
    private lazy var alarm = LoopAlarm(loop: self.loop)
    private lazy var lastCall = LoopAlarm(loop: self.loop)
    private var onAlone: (() -> Void)?
    private var patience = 0

    /// How long workloads of the process before may take to be found here, in looks.
    private static let looks = 150
    /// The time between two looks.
    private static let lookMilliseconds: UInt64 = 200
    /// When sockets that nobody took are closed.
    private static let dropMilliseconds: UInt64 = 5_000
    /// How long answers of the endpoints get after a takeover.
    private static let answerMilliseconds: UInt64 = 500
    /// How long one that is told to end serves on while another prepares to take over; with the usual drain deadline
    /// less than the 30 s that ECS gives a container between its two signals (`stopTimeout`).
    private static let successorMilliseconds: UInt64 = 20_000

    /// - Parameters:
    ///   - inheritance: what the process before passed on; nil when there was none.
    ///   - replaced: called once, when a successor serves everything.
    init(loop: EventLoop, context: MeshContext, inheritance: Inheritance?, replaced: @escaping () -> Void) {
        self.loop = loop
        self.context = context
        self.inheritance = inheritance
        self.replaced = replaced
    }

    /// Begins to take over, if there is anything to take over.
    /// - Parameter openEndpoints: opens the process's own endpoints; called once, as soon as no process before answers
    ///   there any more: until then its readiness is the one that counts.
    func begin(openEndpoints: @escaping () -> Void) {
        self.openEndpoints = openEndpoints
        guard let inheritance = self.inheritance else { return self.open() }
        do throws(SocketError) {
            self.predecessor = try Predecessor(loop: self.loop, connection: inheritance.connection) { [weak self] in
                self?.context.log.info("the ztunnel before this one takes no more connections")
                self?.open()
            }
        } catch {
            self.open()
        }
    }

    private func open() {
        let openEndpoints = self.openEndpoints
        self.openEndpoints = nil
        openEndpoints?()
    }

    /// This process is ready: as soon as it also serves whom the process before served, that one is told to end.
    func ready() {
        guard !self.isReady else { return }
        let missing = self.context.listeners.inheritedWorkloads
        guard missing.isEmpty || self.patience >= Self.looks else {
            self.patience += 1
            return self.alarm.set(after: Self.lookMilliseconds) { [weak self] in self?.ready() }
        }
        self.isReady = true
        if !missing.isEmpty {
            self.context.log.warning(
                "workloads of the ztunnel before this one are not found here",
                [LogField("count", missing.count)]
            )
        }
        // Endpoints first, so that there is no moment without them.
        self.open()
        self.predecessor?.ready()
        self.awaitSuccessor()
        // Later, as the endpoints are opened on other threads and take theirs from there.
        self.alarm.set(after: Self.dropMilliseconds) { [context = self.context] in context.listeners.dropInherited() }
    }

    /// Calls `body` when answers of our own endpoints that were under way have left: their clients asked us, and not
    /// the successor.
    func afterAnswers(_ body: @escaping () -> Void) { self.alarm.set(after: Self.answerMilliseconds, body) }

    /// This process was told to end: calls `body` when nobody is about to take over from it.
    ///
    /// ECS tells a daemon to end as soon as it believes that the new one is healthy; both have the host's network, and
    /// the health check may have been answered by the old one. Without this both would be gone for a while.
    func whenAlone(_ body: @escaping () -> Void) {
        self.onAlone = body
        guard let port = self.port else { return self.alone() }
        port.whenVacant { [weak self] in self?.alone() }
        guard self.onAlone != nil else { return }
        self.context.log.info("told to end: serving until another ztunnel has taken over")
        self.lastCall.set(after: Self.successorMilliseconds) { [weak self] in self?.alone() }
    }

    private func alone() {
        self.lastCall.cancel()
        let onAlone = self.onAlone
        self.onAlone = nil
        onAlone?()
    }

    private func awaitSuccessor() {
        guard let path = self.context.configuration.restartSocket else { return }
        let log = self.context.log
        let book = self.context.listeners
        let handlers = SuccessorPort.Handlers(
            sockets: { book.copies() },
            replaced: { [weak self] in
                log.info("another ztunnel has taken over")
                self?.onAlone = nil
                self?.port?.close()
                self?.replaced()
            },
            note: { log.info("restart", [LogField("note", $0)]) }
        )
        do throws(SocketError) {
            self.port = try SuccessorPort(loop: self.loop, path: path, handlers: handlers)
        } catch {
            log.warning("TULLE_RESTART_SOCKET can't be used", [LogField("path", path), LogField("error", "\(error)")])
        }
    }
}
