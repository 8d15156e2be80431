package import MeshModel
package import TunnelEngine

/// Serves one of our own small HTTP endpoints on one loop: a request, an answer, the end.
package final class EndpointServer: ListenerDelegate {
    private let loop: EventLoop
    private let limits: HTTPServerState.Limits
    private let handler: EndpointExchange.Handler
    private var listener: Listener?
    private var exchanges: [ObjectIdentifier: EndpointExchange] = [:]

    /// Connections served at once; more are closed at once.
    private static let maximumConnections = 128

    /// Makes a server that doesn't listen yet.
    package init(
        loop: EventLoop,
        limits: HTTPServerState.Limits = .init(),
        answer: @escaping EndpointExchange.Handler
    ) {
        self.loop = loop
        self.limits = limits
        self.handler = answer
    }

    /// Makes a server of small answers that doesn't listen yet.
    package convenience init(
        loop: EventLoop,
        limits: HTTPServerState.Limits = .init(),
        handler: @escaping (HTTPRequest) -> HTTPResponse
    ) {
        self.init(loop: loop, limits: limits, answer: { request, respond in respond(EndpointAnswer(handler(request))) })
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
