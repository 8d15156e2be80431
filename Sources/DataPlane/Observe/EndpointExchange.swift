package import TunnelEngine

/// One connection of an endpoint: a request, an answer, the end.
package final class EndpointExchange: ByteConnectionDelegate {
    /// Answers a request by a call of `respond`, at once or later, on the same loop; a second call has no effect.
    package typealias Handler = (_ request: HTTPRequest, _ respond: @escaping (EndpointAnswer) -> Void) -> Void

    private var state: HTTPServerState
    private let limits: HTTPServerState.Limits
    private let handler: Handler
    private var connection: ByteConnection?
    /// Bounds the wait for the request; later spaces out the pieces of the answer.
    private var alarm: LoopAlarm?
    private var isAnswered = false
    private var pieces: (() -> [UInt8]?)?
    private var isChunked = false
    /// Called once, at the end.
    var onEnd: (() -> Void)?

    /// Output that may wait before the next piece is made.
    private static let pendingBytes = 64 * 1024
    /// What is made in one turn of the loop, so that a large answer leaves others their turn.
    private static let turnBytes = 256 * 1024

    init(limits: HTTPServerState.Limits, handler: @escaping Handler) {
        self.state = HTTPServerState(limits: limits)
        self.limits = limits
        self.handler = handler
    }

    /// Waits for the request.
    func begin(_ connection: ByteConnection) {
        self.connection = connection
        let alarm = LoopAlarm(loop: connection.loop)
        self.alarm = alarm
        alarm.set(after: self.limits.requestMilliseconds) { [weak self] in
            self?.answer(HTTPResponse(status: 408, text: "request not received in time\n"))
        }
    }

    /// Ends it at once.
    func close() { self.connection?.close() }

    package func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        switch self.state.receive(bytes) {
        case .more, .finished: break
        case .refuse(let response): self.answer(response)
        case .request(let request): self.answer(request)
        }
    }

    package func receivedEnd(on connection: ByteConnection) {
        // A client may close its side after the request; without one there is nothing to answer.
        if !self.isAnswered { connection.close() }
    }

    package func closed(_ connection: ByteConnection, _ error: SocketError?) {
        self.alarm?.cancel()
        self.alarm = nil
        self.connection = nil
        self.pieces = nil
        let onEnd = self.onEnd
        self.onEnd = nil
        onEnd?()
    }

    package func drained(_ connection: ByteConnection) { self.sendPieces() }

    private func answer(_ response: HTTPResponse) {
        self.beginAnswer()
        self.connection?.send(response.bytes())
        self.connection?.closeWhenSent()
    }

    private func answer(_ request: HTTPRequest) {
        self.beginAnswer()
        var isAnswered = false
        self.handler(request) { [weak self] answer in
            guard !isAnswered else { return }
            isAnswered = true
            self?.send(answer.encoded(for: request), for: request)
        }
    }

    private func send(_ answer: EndpointAnswer, for request: HTTPRequest) {
        guard let pieces = answer.pieces else {
            self.connection?.send(answer.head.bytes(isHead: request.isHead))
            self.connection?.closeWhenSent()
            return
        }
        self.isChunked = request.takesChunks
        self.connection?.send(answer.head.streamHead(chunked: self.isChunked))
        guard !request.isHead else {
            self.connection?.closeWhenSent()
            return
        }
        self.pieces = pieces
        self.sendPieces()
    }

    private func beginAnswer() {
        self.isAnswered = true
        self.alarm?.cancel()
        self.connection?.extendDeadline(milliseconds: self.limits.responseMilliseconds)
    }

    /// Makes and sends pieces as long as the client takes them.
    private func sendPieces() {
        guard let pieces = self.pieces, let connection = self.connection else { return }
        // The client has taken what was sent before: it gets its time anew.
        connection.extendDeadline(milliseconds: self.limits.responseMilliseconds)
        var sent = 0
        while sent < Self.turnBytes {
            guard connection.pendingCount < Self.pendingBytes else { return }
            guard let piece = pieces() else {
                self.pieces = nil
                if self.isChunked { connection.send(Array("0\r\n\r\n".utf8)) }
                return connection.closeWhenSent()
            }
            guard !piece.isEmpty else { continue }
            sent += piece.count
            let head = self.isChunked ? Array("\(String(piece.count, radix: 16))\r\n".utf8) : []
            connection.send(head + piece + (self.isChunked ? [0x0d, 0x0a] : []))
            // A failed send has closed it, and `closed` let the pieces go.
            guard self.pieces != nil else { return }
        }
        self.alarm?.set(after: 1) { [weak self] in self?.sendPieces() }
    }
}
