import MeshDNS
import MeshModel
import TunnelEngine

/// One TCP client of the DNS proxy: it may ask many questions without waiting, and gets the answers as they come.
final class DNSProxyConnection: ByteConnectionDelegate {
    private let proxy: DNSProxy
    private let limits: DNSProxyLimits
    private let originalServer: SocketAddress?
    private let idle: LoopAlarm
    private var frames = DNSFrameReader()
    private var pending = 0
    private var isEnding = false
    private var isReading = false
    private weak var connection: ByteConnection?

    /// Takes over no descriptor yet.
    /// - Parameter originalServer: the server that the client meant; nil when it meant us.
    init(loop: EventLoop, proxy: DNSProxy, limits: DNSProxyLimits, originalServer: SocketAddress?) {
        self.proxy = proxy
        self.limits = limits
        self.originalServer = originalServer
        self.idle = LoopAlarm(loop: loop)
    }

    /// Begins to serve.
    func begin(_ connection: ByteConnection) {
        self.connection = connection
        self.watchIdle()
    }

    private func watchIdle() {
        guard self.pending == 0, self.connection != nil else { return self.idle.cancel() }
        self.idle.set(after: self.limits.idleMilliseconds) { [weak self] in self?.connection?.close() }
    }

    /// Takes no further questions, and closes when what was asked is answered.
    func drain() {
        self.isEnding = true
        self.closeIfDone()
    }

    /// Closes at once.
    func close() { self.connection?.close() }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        guard !self.isEnding else { return }
        self.frames.append(bytes)
        self.read()
        // A client that asks faster than it is answered.
        if self.frames.count > self.limits.waitingBytes { connection.close() }
    }

    private func read() {
        guard !self.isReading else { return }
        self.isReading = true
        defer { self.isReading = false }
        var hasTaken = false
        while self.pending < self.limits.pipelined, self.connection != nil, let message = self.frames.next() {
            hasTaken = true
            self.pending += 1
            let isTaken = self.proxy.handle(message, .tcp, originalServer: self.originalServer) { [weak self] answer in
                self?.answer(answer)
            }
            // What is no message at all has no place in a stream.
            guard isTaken else { return self.close() }
        }
        // Only whole messages count: a client that sends a byte now and then is as good as silent.
        if hasTaken { self.watchIdle() }
    }

    private func answer(_ bytes: [UInt8]) {
        self.pending -= 1
        guard let connection = self.connection else { return }
        guard let framed = DNSFrameReader.framed(bytes) else { return connection.close() }
        connection.send(framed)
        self.watchIdle()
        self.read()
        self.closeIfDone()
    }

    func receivedEnd(on connection: ByteConnection) { self.drain() }

    private func closeIfDone() {
        guard self.isEnding, self.pending == 0, !self.isReading else { return }
        self.connection?.closeWhenSent()
    }

    func closed(_ connection: ByteConnection, _ error: SocketError?) {
        self.connection = nil
        self.idle.cancel()
        self.proxy.closed(self)
    }
}
