import MeshModel
import MeshTelemetry
import TunnelEngine

/// Takes the connections of clients that ask by SOCKS 5 or HTTP, on port 15080.
final class ProxyPort: ListenerDelegate {
    /// Weak: a loop that ends may still call while another thread lets go of the proxy.
    private weak var proxy: WorkloadProxy?
    private let limits: CaptureLimits
    private var handshakes: [ObjectIdentifier: ProxyHandshake] = [:]

    /// Clients that may negotiate at once; more are closed at once.
    private static let maximumHandshakes = 1_024

    init(proxy: WorkloadProxy) {
        self.proxy = proxy
        self.limits = proxy.context.configuration.limits.capture
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        guard let proxy = self.proxy, self.handshakes.count < Self.maximumHandshakes else {
            return Socket.close(descriptor)
        }
        let handshake = ProxyHandshake(proxy: proxy, limits: self.limits, peer: peer)
        let key = ObjectIdentifier(handshake)
        self.handshakes[key] = handshake
        handshake.onEnd = { [weak self] in
            self?.handshakes[key] = nil
            self?.proxy?.negotiationEnded()
        }
        do throws(SocketError) {
            _ = try ByteConnection(
                loop: proxy.loop,
                descriptor: descriptor,
                peer: peer,
                milliseconds: self.limits.negotiationMilliseconds,
                pendingLimit: self.limits.earlyBytes,
                delegate: handshake
            )
        } catch {
            self.handshakes[key] = nil
        }
    }

    /// Whether nobody negotiates.
    var isIdle: Bool { self.handshakes.isEmpty }

    /// Closes the connections that still negotiate.
    func close() {
        for handshake in Array(self.handshakes.values) { handshake.close() }
    }
}

/// One client that negotiates.
private final class ProxyHandshake: ByteConnectionDelegate {
    private let proxy: WorkloadProxy
    private let peer: SocketAddress
    private var negotiation: ExplicitProxyNegotiation
    private weak var connection: ByteConnection?
    private var isRefused = false
    var onEnd: (() -> Void)?

    init(proxy: WorkloadProxy, limits: CaptureLimits, peer: SocketAddress) {
        self.proxy = proxy
        self.peer = peer
        self.negotiation = ExplicitProxyNegotiation(limits: limits)
    }

    func close() { self.connection?.close() }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        self.connection = connection
        guard !self.isRefused else { return }
        let step = self.negotiation.receive(bytes)
        if !step.output.isEmpty { connection.send(step.output) }
        switch step.next {
        case .more:
            break
        case .refuse(let refusal):
            self.isRefused = true
            self.proxy.context.log.debug(
                "proxy request refused",
                [LogField("src.addr", .bare("\(self.peer)")), LogField("error.code", refusal.rawValue)]
            )
            connection.closeWhenSent()
        case .connect(let target):
            // From here on the client's further bytes stay in the kernel until the upstream stands.
            guard let descriptor = connection.detach() else { return connection.close() }
            OutboundConnection(
                proxy: self.proxy,
                descriptor: descriptor,
                source: self.peer,
                target: target,
                negotiation: self.negotiation
            ).start()
            // Last, so that a drain does not end between the two.
            self.ended()
        }
    }

    func receivedEnd(on connection: ByteConnection) { connection.close() }

    func closed(_ connection: ByteConnection, _ error: SocketError?) { self.ended() }

    private func ended() {
        let onEnd = self.onEnd
        self.onEnd = nil
        onEnd?()
    }
}
