package import MeshModel
package import TunnelEngine

/// Serves one of our own small HTTP endpoints on one loop: a request, an answer, the end.
package final class EndpointServer: ListenerDelegate {
    private let loop: EventLoop
    private let limits: HTTPServerState.Limits
    private let handler: (HTTPRequest) -> HTTPResponse
    private var listener: Listener?
    private var exchanges: [ObjectIdentifier: EndpointExchange] = [:]

    /// Connections served at once; more are closed at once.
    private static let maximumConnections = 128

    /// Makes a server that doesn't listen yet.
    package init(
        loop: EventLoop,
        limits: HTTPServerState.Limits = .init(),
        handler: @escaping (HTTPRequest) -> HTTPResponse
    ) {
        self.loop = loop
        self.limits = limits
        self.handler = handler
    }

    /// Starts accepting; returns the bound address.
    @discardableResult
    package func listen(on address: SocketAddress) throws(SocketError) -> SocketAddress {
        let listener = try Listener(loop: self.loop, address: address, delegate: self)
        self.listener = listener
        return listener.address
    }

    /// Stops accepting and closes what is open.
    package func close() {
        self.listener?.close()
        self.listener = nil
        for exchange in self.exchanges.values { exchange.close() }
    }

    package func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        guard self.exchanges.count < Self.maximumConnections else { return Socket.close(descriptor) }
        let exchange = EndpointExchange(limits: self.limits, handler: self.handler)
        let key = ObjectIdentifier(exchange)
        self.exchanges[key] = exchange
        exchange.onEnd = { [weak self] in self?.exchanges[key] = nil }
        let total = self.limits.requestMilliseconds + self.limits.responseMilliseconds
        do throws(SocketError) {
            let connection = try ByteConnection(
                loop: self.loop,
                descriptor: descriptor,
                peer: peer,
                milliseconds: total,
                delegate: exchange
            )
            exchange.begin(connection)
        } catch {
            self.exchanges[key] = nil
        }
    }
}

/// One connection of an endpoint.
private final class EndpointExchange: ByteConnectionDelegate {
    private var state: HTTPServerState
    private let handler: (HTTPRequest) -> HTTPResponse
    private var connection: ByteConnection?
    private let requestMilliseconds: UInt64
    private var alarm: LoopAlarm?
    var onEnd: (() -> Void)?

    init(limits: HTTPServerState.Limits, handler: @escaping (HTTPRequest) -> HTTPResponse) {
        self.state = HTTPServerState(limits: limits)
        self.requestMilliseconds = limits.requestMilliseconds
        self.handler = handler
    }

    func begin(_ connection: ByteConnection) {
        self.connection = connection
        let alarm = LoopAlarm(loop: connection.loop)
        self.alarm = alarm
        alarm.set(after: self.requestMilliseconds) { [weak self] in
            self?.answer(HTTPResponse(status: 408, text: "request not received in time\n"), isHead: false)
        }
    }

    func close() { self.connection?.close() }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        switch self.state.receive(bytes) {
        case .more, .finished: break
        case .refuse(let response): self.answer(response, isHead: false)
        case .request(let request): self.answer(self.handler(request), isHead: request.isHead)
        }
    }

    func receivedEnd(on connection: ByteConnection) {
        // A client may close its side after the request; without one there is nothing to answer.
        if self.alarm != nil { connection.close() }
    }

    func closed(_ connection: ByteConnection, _ error: SocketError?) {
        self.alarm?.cancel()
        self.alarm = nil
        self.connection = nil
        self.onEnd?()
    }

    private func answer(_ response: HTTPResponse, isHead: Bool) {
        self.alarm?.cancel()
        self.alarm = nil
        guard let connection = self.connection else { return }
        connection.send(response.bytes(isHead: isHead))
        connection.closeWhenSent()
    }
}
