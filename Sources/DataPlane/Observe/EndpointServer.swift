package import MeshModel
package import TunnelEngine

/// Serves one of our own small HTTP endpoints on one loop: a request, an answer, the end.
package final class EndpointServer: ListenerDelegate {
    private let loop: EventLoop
    private let limits: HTTPServerState.Limits
    private let handler: EndpointExchange.Handler
    private var listeners: [Listener] = []
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
        try self.listen(on: ListeningSocket(opening: address))
    }

    /// Starts accepting on a socket that listens already, and takes it over, also when it throws. There may be several.
    @discardableResult
    package func listen(on socket: ListeningSocket) throws(SocketError) -> SocketAddress {
        let listener = try Listener(loop: self.loop, socket: socket, delegate: self)
        self.listeners.append(listener)
        return listener.address
    }

    /// Starts accepting on all of the sockets.
    package func listen(on sockets: [ListeningSocket]) throws(ListenFailure) {
        var rest = sockets[...]
        while let socket = rest.popFirst() {
            do throws(SocketError) {
                try self.listen(on: socket)
            } catch {
                for left in rest { Socket.close(left.descriptor) }
                throw ListenFailure(address: socket.address, error: error)
            }
        }
    }

    /// Stops accepting; what is open is still answered.
    package func stopListening() {
        for listener in self.listeners { listener.close() }
        self.listeners = []
    }

    /// Stops accepting and closes what is open.
    package func close() {
        self.stopListening()
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
