import DataPlane
import MeshDNS
import MeshModel
import MeshTelemetry
import TunnelEngine

/// The DNS proxy of one workload on one loop, by UDP and TCP: answers the mesh's names and forwards all others.
///
/// Confined to its loop.
final class DNSProxy: DatagramDelegate, ListenerDelegate {
    private let loop: EventLoop
    private let workload: ServedWorkload
    private let upstream: DNSUpstream
    private let names: MeshNames
    private let limits: DNSProxyLimits
    private let log: Log
    private var sockets: [DatagramSocket] = []
    private var listeners: [Listener] = []
    private var connections: [ObjectIdentifier: DNSProxyConnection] = [:]
    private var random = SystemRandomNumberGenerator()
    /// Questions that wait for a server.
    private var pending = 0
    /// The same, for tests.
    var pendingCount: Int { self.pending }
    /// TCP clients at this moment.
    var connectionCount: Int { self.connections.count }
    private var onDrained: (() -> Void)?

    /// Makes a proxy that doesn't listen yet.
    init(
        loop: EventLoop,
        workload: ServedWorkload,
        names: MeshNames,
        upstream: DNSUpstream,
        limits: DNSProxyLimits = DNSProxyLimits()
    ) {
        self.loop = loop
        self.workload = workload
        self.upstream = upstream
        self.names = names
        self.limits = limits
        self.log = workload.mesh.log.scoped("dns")
    }

    // MARK: Listening

    /// Where it listens.
    private(set) var addresses: [SocketAddress] = []

    /// Opens the sockets: all addresses of `configuration`, where one of IPv6 may be missing from the namespace.
    func listen() throws(ListenFailure) {
        for address in self.workload.mesh.dnsAddresses {
            do throws(SocketError) {
                try self.listen(on: address)
            } catch {
                // With disable_ipv6 set there is no ::1; the address itself says it for each namespace.
                guard error.lacksFamily, !address.ip.isV4, !self.listeners.isEmpty else {
                    throw ListenFailure(address: address, error: error)
                }
            }
        }
    }

    private func listen(on address: SocketAddress) throws(SocketError) {
        let listener = try Listener(loop: self.loop, address: address, scope: self.workload.scope, delegate: self)
        self.listeners.append(listener)
        self.addresses.append(listener.address)
        // Where the kernel chose the port, both have the same.
        let socket = try DatagramSocket(
            loop: self.loop,
            address: SocketAddress(ip: address.ip, port: listener.address.port),
            isShared: true,
            scope: self.workload.scope,
            delegate: self
        )
        self.sockets.append(socket)
    }

    // MARK: Asking

    func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {
        // Nobody can listen on port 0, and our own port is a forged sender: we never ask from it.
        guard peer.port != 0, !self.addresses.contains(peer), datagram.count < DatagramSocket.maximumBytes else {
            return
        }
        _ = self.handle(Array(datagram), .udp, originalServer: nil) { [weak socket] answer in
            // A client that doesn't read loses its answers, as UDP goes.
            _ = socket?.send(answer, to: peer)
        }
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        guard self.connections.count < self.limits.connections, self.onDrained == nil else {
            return Socket.close(descriptor)
        }
        Socket.tune(descriptor, keepAlive: nil)
        // A redirected client meant a server of its own.
        let original = Socket.originalDestination(descriptor)?.canonical
        let isOurs = original.map { $0 == Socket.localAddress(descriptor)?.canonical } ?? true
        let client = DNSProxyConnection(
            loop: self.loop,
            proxy: self,
            limits: self.limits,
            originalServer: isOurs ? nil : original
        )
        do throws(SocketError) {
            let connection = try ByteConnection(
                loop: self.loop,
                descriptor: descriptor,
                peer: peer,
                milliseconds: 0,
                pendingLimit: self.limits.unreadBytes,
                delegate: client
            )
            self.connections[ObjectIdentifier(client)] = client
            client.begin(connection)
        } catch {
            self.log.debug("dns client lost", [LogField("error", "\(error)")])
        }
    }

    func closed(_ connection: DNSProxyConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
        self.finishDrain()
    }

    /// Handles one message of a client.
    /// - Parameters:
    ///   - originalServer: the server that the client meant; nil when that is not known.
    ///   - respond: called at most once, possibly before this returns, and never when this gives false.
    /// - Returns: whether there will be an answer.
    func handle(
        _ bytes: [UInt8],
        _ transport: DNSMetrics.Transport,
        originalServer: SocketAddress?,
        respond: @escaping ([UInt8]) -> Void
    ) -> Bool {
        let isStream = transport == .tcp
        switch DNSRequest(reading: bytes, overStream: isStream) {
        case .ignore:
            return false
        case .refuse(let answer):
            respond(answer)
        case .relay(let message):
            self.pending += 1
            self.upstream.relay(message, to: originalServer, usesTCP: isStream) { [weak self] result in
                if case .success(.message(let answer)) = result {
                    respond(answer)
                } else {
                    respond(DNSRequest.failure(message))
                }
                self?.answered()
            }
        case .question(let query):
            self.answer(query, transport, respond: respond)
        }
        return true
    }

    private func answer(
        _ query: DNSQuery,
        _ transport: DNSMetrics.Transport,
        respond: @escaping ([UInt8]) -> Void
    ) {
        let isStream = transport == .tcp
        let snapshot = self.workload.mesh.state.snapshot
        let client = self.workload.local.client(in: snapshot)
        let metrics = self.workload.mesh.dns
        let series = metrics.series(query.question.type, transport, client: client)
        metrics.asked(series)
        if let found = self.names.answer(query.question, from: client, in: snapshot, random: &self.random) {
            respond(query.answer(found.records, isAuthoritative: true, overStream: isStream))
            return self.note(query, client, "success", domain: found.service.hostname, count: found.records.count)
        }
        self.pending += 1
        let started = self.loop.now
        self.upstream.ask(query) { [weak self, loop] result in
            let outcome: String
            var count = 0
            switch result {
            case .success(.response(let response, let age)):
                respond(response.answer(to: query, age: age ?? 0, overStream: isStream))
                outcome = "\(response.code)"
                count = response.answerCount
                if age == nil {
                    let seconds = Double(loop.now - started) / 1_000
                    metrics.forwarded(series, seconds: seconds, isFailure: response.code == .serverFailure)
                }
            case .success(.message):
                respond(query.answer(code: .serverFailure, overStream: isStream))
                outcome = "SERVFAIL"
            case .failure(let error):
                respond(query.answer(code: .serverFailure, overStream: isStream))
                outcome = error.rawValue
                metrics.forwarded(series, seconds: Double(loop.now - started) / 1_000, isFailure: true)
            }
            self?.note(query, client, outcome, domain: "", count: count)
            self?.answered()
        }
    }

    /// - Parameters:
    ///   - domain: the host name of the service that answered; "" where a server did.
    ///   - count: the records of the answer.
    private func note(_ query: DNSQuery, _ client: Workload, _ result: String, domain: String, count: Int) {
        let known = domain.isEmpty ? [] : [LogField("domain", domain)]
        self.log.debug(
            "dns request",
            [
                LogField("src.workload", client.name), LogField("src.namespace", client.namespace),
                LogField("query", "\(query.question.name) \(query.question.type)"),
            ] + known + [LogField("result", result), LogField("endpoints", count)]
        )
    }

    // MARK: End

    /// Takes no further questions, and closes when all are answered.
    /// - Parameter completion: called once, when nothing is open any more.
    func drain(completion: @escaping () -> Void) {
        guard self.onDrained == nil else { return completion() }
        for listener in self.listeners { listener.close() }
        for socket in self.sockets { socket.retire() }
        self.onDrained = completion
        for connection in Array(self.connections.values) { connection.drain() }
        self.finishDrain()
    }

    /// Closes everything at once.
    func close() {
        for listener in self.listeners { listener.close() }
        for socket in self.sockets { socket.close() }
        self.sockets = []
        for connection in Array(self.connections.values) { connection.close() }
        self.pending = 0
        self.finishDrain()
    }

    private func answered() {
        self.pending -= 1
        self.finishDrain()
    }

    private func finishDrain() {
        guard let completion = self.onDrained, self.pending <= 0, self.connections.isEmpty else { return }
        self.onDrained = nil
        for socket in self.sockets { socket.close() }
        self.sockets = []
        completion()
    }
}
