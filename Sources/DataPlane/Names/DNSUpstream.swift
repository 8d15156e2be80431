package import MeshDNS
package import MeshModel
package import TunnelEngine

/// The DNS servers of one workload, with the sockets to them: the sending side of a ``DNSForwarder``.
///
/// Confined to its loop.
package final class DNSUpstream {
    /// Gets the answer, or why there is none.
    package typealias Completion = (Result<DNSForwarder.Reply, DNSForwardingError>) -> Void

    /// The servers, without those that are ourselves, and the search list.
    package let configuration: ResolverConfiguration
    private let loop: EventLoop
    private let scope: SocketScope
    private var forwarder: DNSForwarder
    private var random = SystemRandomNumberGenerator()
    private var attempts: [UInt64: UpstreamAttempt] = [:]
    private var completions: [UInt64: Completion] = [:]
    private var nextWaiter: UInt64 = 0

    /// Makes no socket yet.
    /// - Parameters:
    ///   - own: where we listen ourselves: servers to whom nothing is sent.
    ///   - scope: where the sockets are made.
    package init(
        loop: EventLoop,
        configuration: ResolverConfiguration,
        avoiding own: [SocketAddress] = [],
        limits: ForwarderLimits = ForwarderLimits(),
        scope: SocketScope = .process
    ) {
        var configuration = configuration
        configuration.servers.removeAll { server in own.contains { Self.isSame($0, server) } }
        self.configuration = configuration
        self.loop = loop
        self.scope = scope
        self.forwarder = DNSForwarder(configuration: configuration, limits: limits)
    }

    /// Whether sending to `server` would reach a listener at `own`.
    private static func isSame(_ own: SocketAddress, _ server: SocketAddress) -> Bool {
        let server = server.canonical
        guard own.port == server.port else { return false }
        return own.canonical.ip == server.ip || own.ip.isUnspecified && server.ip.isLoopback
    }

    private var now: Duration { .milliseconds(Int64(clamping: self.loop.now)) }

    /// Asks a question; the completion is called once, possibly before this returns, or never after ``close()``.
    package func ask(_ query: DNSQuery, completion: @escaping Completion) {
        let waiter = self.add(completion)
        self.follow(self.forwarder.ask(query, waiter: waiter, now: self.now, random: &self.random))
    }

    /// Hands a message on as it is; see ``DNSForwarder/relay(_:to:usesTCP:waiter:now:random:)``.
    package func relay(_ bytes: [UInt8], to server: SocketAddress?, usesTCP: Bool, completion: @escaping Completion) {
        let waiter = self.add(completion)
        self.follow(
            self.forwarder.relay(
                bytes,
                to: server,
                usesTCP: usesTCP,
                waiter: waiter,
                now: self.now,
                random: &self.random
            )
        )
    }

    private func add(_ completion: @escaping Completion) -> UInt64 {
        self.nextWaiter += 1
        self.completions[self.nextWaiter] = completion
        return self.nextWaiter
    }

    /// Closes all sockets and forgets who waits.
    package func close() {
        for attempt in self.attempts.values { attempt.close() }
        self.attempts = [:]
        self.completions = [:]
    }

    private func follow(_ steps: [DNSForwarder.Step]) {
        for step in steps {
            switch step {
            case .send(let transmission):
                let attempt = UpstreamAttempt(loop: self.loop, number: transmission.attempt, upstream: self)
                self.attempts[transmission.attempt] = attempt
                attempt.send(transmission, scope: self.scope)
            case .close(let number):
                self.attempts.removeValue(forKey: number)?.close()
            case .finish(let waiters, let result):
                for waiter in waiters { self.completions.removeValue(forKey: waiter)?(result) }
            }
        }
    }

    fileprivate func received(_ bytes: [UInt8], on attempt: UInt64) {
        self.follow(self.forwarder.receive(bytes, on: attempt, now: self.now, random: &self.random))
    }

    fileprivate func failed(_ attempt: UInt64) {
        self.follow(self.forwarder.fail(attempt, now: self.now, random: &self.random))
    }

    fileprivate func timedOut(_ attempt: UInt64) {
        self.follow(self.forwarder.timeOut(attempt, now: self.now, random: &self.random))
    }
}

/// One message to one server, on a socket of its own.
private final class UpstreamAttempt: DatagramDelegate, ByteConnectionDelegate {
    private let loop: EventLoop
    private let number: UInt64
    private weak var upstream: DNSUpstream?
    private let alarm: LoopAlarm
    private var datagrams: DatagramSocket?
    private var dial: TCPDial?
    private var connection: ByteConnection?
    private var frames = DNSFrameReader()
    private var isClosed = false
    private var isAnswered = false

    init(loop: EventLoop, number: UInt64, upstream: DNSUpstream) {
        self.loop = loop
        self.number = number
        self.upstream = upstream
        self.alarm = LoopAlarm(loop: loop)
    }

    func send(_ transmission: DNSForwarder.Transmission, scope: SocketScope) {
        let wait = transmission.wait.milliseconds
        self.alarm.set(after: wait) { [weak self] in
            guard let self else { return }
            self.upstream?.timedOut(self.number)
        }
        let isSent = transmission.usesTCP ? self.dial(transmission, scope) : self.sendDatagram(transmission, scope)
        guard !isSent else { return }
        // In the loop's next turn: the forwarder is in the middle of its steps.
        self.alarm.set(after: 0) { [weak self] in self?.fail() }
    }

    private func sendDatagram(_ transmission: DNSForwarder.Transmission, _ scope: SocketScope) -> Bool {
        let server = transmission.server
        let any = server.ip.isV4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, v6Low: 0)
        do throws(SocketError) {
            let socket = try DatagramSocket(
                loop: self.loop,
                address: SocketAddress(ip: any, port: 0),
                scope: scope,
                delegate: self
            )
            self.datagrams = socket
            try socket.connect(to: server)
            return socket.send(transmission.bytes, to: server)
        } catch {
            return false
        }
    }

    private func dial(_ transmission: DNSForwarder.Transmission, _ scope: SocketScope) -> Bool {
        guard let framed = DNSFrameReader.framed(transmission.bytes) else { return false }
        do throws(TCPDial.Failure) {
            self.dial = try TCPDial(
                loop: self.loop,
                to: transmission.server,
                scope: scope,
                milliseconds: max(1, transmission.wait.milliseconds)
            ) { [weak self] result in
                self?.dialed(result, transmission.server, framed)
            }
            return true
        } catch {
            return false
        }
    }

    private func dialed(_ result: Result<Int32, TCPDial.Failure>, _ server: SocketAddress, _ framed: [UInt8]) {
        self.dial = nil
        guard case .success(let descriptor) = result else { return self.fail() }
        do throws(SocketError) {
            let connection = try ByteConnection(
                loop: self.loop,
                descriptor: descriptor,
                peer: server,
                milliseconds: 0,
                pendingLimit: 128 * 1_024,
                delegate: self
            )
            self.connection = connection
            connection.send(framed)
        } catch {
            self.fail()
        }
    }

    private func fail() {
        guard !self.isClosed, !self.isAnswered else { return }
        self.upstream?.failed(self.number)
    }

    /// Closes the socket and switches the timer off.
    func close() {
        self.isClosed = true
        self.alarm.cancel()
        self.datagrams?.close()
        self.datagrams = nil
        self.dial?.cancel()
        self.dial = nil
        let connection = self.connection
        self.connection = nil
        connection?.close()
    }

    func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {
        // One that fills the buffer may have lost its end.
        guard !self.isClosed, datagram.count < DatagramSocket.maximumBytes else { return }
        self.upstream?.received(Array(datagram), on: self.number)
    }

    func failed(_ error: SocketError, on socket: DatagramSocket) { self.fail() }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        guard !self.isClosed, !self.isAnswered else { return }
        self.frames.append(bytes)
        guard let message = self.frames.next() else { return }
        // The first message decides; we asked for no more.
        self.isAnswered = true
        self.upstream?.received(message, on: self.number)
        connection.close()
    }

    func receivedEnd(on connection: ByteConnection) { connection.close() }

    func closed(_ connection: ByteConnection, _ error: SocketError?) { self.fail() }
}
