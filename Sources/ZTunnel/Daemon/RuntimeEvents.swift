import DataPlane
import MeshModel
import TunnelEngine

/// Listens to Docker's events, only to know that something happened.
///
/// Confined to its loop. It comes back whenever the stream breaks.
final class RuntimeEvents: ByteConnectionDelegate {
    private let loop: EventLoop
    private let socketPath: String
    private let limits: DaemonLimits
    private var onEvent: (() -> Void)?
    private var connection: ByteConnection?
    private var head: HTTPHeadBuffer?
    /// Whether events would be heard now.
    private(set) var isListening = false
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// `{"label":["com.amazonaws.ecs.task-arn"]}`, percent-encoded.
    static let listFilter = "%7B%22label%22%3A%5B%22com.amazonaws.ecs.task-arn%22%5D%7D"
    /// The same, with `"type":["container"],"event":["start","die"]`.
    private static let eventFilter =
        "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C%22die%22%5D%2C"
        + "%22label%22%3A%5B%22com.amazonaws.ecs.task-arn%22%5D%7D"

    /// - Parameter onEvent: called for events, some of them together, and once when the stream begins.
    init(loop: EventLoop, socketPath: String, limits: DaemonLimits, onEvent: @escaping () -> Void) {
        self.loop = loop
        self.socketPath = socketPath
        self.limits = limits
        self.onEvent = onEvent
    }

    /// Connects, and goes on until ``stop()``.
    func start() {
        guard self.onEvent != nil,
            let request = HTTPClientRequest(host: "localhost", target: "/events?filters=\(Self.eventFilter)")
        else { return }
        do throws(SocketError) {
            let connection = try ByteConnection(
                loop: self.loop,
                descriptor: try UnixSocket.connect(self.socketPath, .stream),
                peer: SocketAddress(ip: IPAddress(v4: 0), port: 0),
                milliseconds: 0,
                delegate: self
            )
            self.connection = connection
            self.head = HTTPHeadBuffer(limit: 16 * 1_024)
            connection.send(request.bytes)
            // The stream itself may be silent for ever, but not its beginning.
            self.alarm.set(after: self.limits.eventMilliseconds) { [weak connection] in connection?.close() }
        } catch {
            self.retry()
        }
    }

    /// Ends it.
    func stop() {
        self.onEvent = nil
        self.alarm.cancel()
        self.connection?.close()
        self.connection = nil
    }

    private func retry() {
        self.connection = nil
        self.head = nil
        self.isListening = false
        guard self.onEvent != nil else { return }
        let wait = UInt64.random(in: self.limits.eventMilliseconds...(self.limits.eventMilliseconds * 2))
        self.alarm.set(after: wait) { [weak self] in self?.start() }
    }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        if self.isListening { self.onEvent?() } else { self.begin(bytes, connection) }
    }

    private func begin(_ bytes: UnsafeRawBufferPointer, _ connection: ByteConnection) {
        switch self.head?.receive(bytes) {
        case .complete(let head, _):
            let line = (try? HTTPHead(parsing: head))?.startLine ?? ""
            guard line.hasPrefix("HTTP/1.1 200") || line.hasPrefix("HTTP/1.0 200") else { return connection.close() }
            self.head = nil
            self.isListening = true
            self.alarm.cancel()
            // What happened before the stream began was not told.
            self.onEvent?()
        case .tooLong: connection.close()
        case .more, nil: return
        }
    }

    func receivedEnd(on connection: ByteConnection) { connection.close() }

    func closed(_ connection: ByteConnection, _ error: SocketError?) { self.retry() }
}
