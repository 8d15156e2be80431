import Glibc
package import TunnelEngine

/// Waits at a path for the ztunnel that will take this one's place, and passes the listening sockets on to it.
///
/// Only a process of the same user is answered. Until it says that it is ready this one goes on as if nothing were, so
/// a successor that fails does no harm. Confined to its loop.
package final class SuccessorPort {
    /// What becomes of the successor's messages.
    package struct Handlers {
        /// The sockets to pass on.
        package var sockets: () -> [ListenerBook.Entry]
        /// The successor serves everything; this process ends when its connections have ended.
        package var replaced: () -> Void
        /// Something for the log.
        package var note: (String) -> Void

        /// Joins the three.
        package init(
            sockets: @escaping () -> [ListenerBook.Entry],
            replaced: @escaping () -> Void,
            note: @escaping (String) -> Void
        ) {
            self.sockets = sockets
            self.replaced = replaced
            self.note = note
        }
    }

    private let loop: EventLoop
    private let handlers: Handlers
    private var listener: PacketListener?
    private var visitor: PacketConnection?
    private var wasGreeted = false
    private var onVacant: (() -> Void)?
    private lazy var deadline = LoopAlarm(loop: self.loop)

    /// How long a successor may take to become ready; then it must ask again.
    static let readyMilliseconds: UInt64 = 600_000
    /// How long it may take to say hello.
    static let helloMilliseconds: UInt64 = 2_000

    /// Listens at `path`, in place of whoever listened there before; throws when that is impossible.
    package init(loop: EventLoop, path: String, handlers: Handlers) throws(SocketError) {
        self.loop = loop
        self.handlers = handlers
        self.listener = try PacketListener(loop: loop, replacing: path) { [weak self] connection in
            guard let self else { return Socket.close(connection) }
            self.take(connection)
        }
    }

    private func take(_ connection: Int32) {
        guard let user = UnixSocket.peerUser(connection), user == geteuid() else {
            self.handlers.note("a process of another user asked for the sockets, and got none")
            return Socket.close(connection)
        }
        // Whoever asks last is the one that was started last.
        let onVacant = self.onVacant
        self.onVacant = nil
        self.dismiss()
        self.onVacant = onVacant
        self.visitor = try? PacketConnection(
            loop: self.loop,
            descriptor: connection,
            capacity: RestartMessage.byteLimit,
            onMessage: { [weak self] message in self?.receive(message) },
            onClosed: { [weak self] in self?.dismiss() }
        )
        self.expectWithin(Self.helloMilliseconds)
    }

    private func expectWithin(_ milliseconds: UInt64) {
        self.deadline.set(after: milliseconds) { [weak self] in
            self?.handlers.note("the process that wanted to take over did not become ready in time")
            self?.dismiss()
        }
    }

    private func receive(_ message: UnixMessage) {
        guard let visitor = self.visitor else { return }
        switch RestartMessage(message.bytes) {
        case .hello(let process) where !self.wasGreeted:
            self.wasGreeted = true
            self.expectWithin(Self.readyMilliseconds)
            let sockets = self.handlers.sockets()
            self.handlers.note("process \(process) prepares to take over \(sockets.count) sockets")
            for (place, socket) in sockets {
                visitor.send(RestartMessage.socket(place).bytes, passing: socket)
            }
            visitor.send(RestartMessage.end(count: sockets.count).bytes)
        case .ready where self.wasGreeted && visitor.isSent:
            visitor.send(RestartMessage.draining.bytes)
            self.onVacant = nil
            self.dismiss()
            self.handlers.replaced()
        default:
            visitor.send(RestartMessage.refused("unknown message; this is version 1 of the protocol").bytes)
            self.dismiss()
        }
    }

    private func dismiss() {
        self.deadline.cancel()
        self.visitor?.close()
        self.visitor = nil
        self.wasGreeted = false
        let onVacant = self.onVacant
        self.onVacant = nil
        onVacant?()
    }

    /// Calls `body` once, when no successor prepares to take over: at once where there is none, otherwise when it is gone
    /// or was given up. Not at all when it takes over.
    package func whenVacant(_ body: @escaping () -> Void) {
        guard self.visitor != nil else { return body() }
        self.onVacant = body
    }

    /// Stops waiting; the path stays, as it may be the successor's by now.
    package func close() {
        self.dismiss()
        self.listener?.close()
        self.listener = nil
    }
}
