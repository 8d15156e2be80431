import MeshModel

/// One request of an HTTP/1.1 connection and its response.
final class HTTP1ServerStream: HTTPStream {
    private var server: HTTP1Server?
    /// What the request asks the connection to become.
    let upgrade: String?
    /// The client's key, where the upgrade is WebSocket.
    private let webSocketKey: String?
    private let isConnect: Bool
    private let isHead: Bool
    /// The connection ends after this exchange.
    var closes: Bool
    /// The request may turn the connection into one of raw bytes, and is not answered yet.
    private(set) var awaitsUpgrade: Bool
    private var sendFraming: HTTP1Framing?
    /// Bytes of the body that are still to be sent, where their number was said.
    private var left = 0
    private var unconsumed = 0

    init(_ request: HTTP1Request, on server: HTTP1Server) {
        self.server = server
        self.upgrade = request.head.upgrade
        let isWebSocket = request.head.upgrade.map(WebSocketHandshake.isWebSocket) ?? false
        self.webSocketKey = isWebSocket ? request.head.fields.first(named: "sec-websocket-key") : nil
        self.isConnect = request.head.method == "CONNECT"
        self.isHead = request.head.method == "HEAD"
        self.closes = !request.keepsAlive
        self.awaitsUpgrade = request.framing == .raw
        super.init(version: request.version)
        self.isReceiveClosed = request.framing == .none
    }

    var isAnswered: Bool { self.sendFraming != nil }

    /// The connection is one of raw bytes now.
    var isRaw: Bool { self.sendFraming == .raw }

    // MARK: Sending

    override func sendInformational(_ head: HTTPResponseHead) {
        guard let server = self.server, !self.isAnswered, self.version == .http11, (100..<200).contains(head.status),
            head.status != 101
        else { return }
        server.bytes.gather { _ = HTTP1Writer.write(head, endStream: false, answering: .init(), into: &$0) }
    }

    override func send(response head: HTTPResponseHead, endStream: Bool) -> Bool {
        guard let server = self.server, !self.isAnswered,
            head.status >= 200 || (head.status == 101 && self.upgrade != nil)
        else { return false }
        let isAccepted = head.status == 101 || (self.isConnect && (200..<300).contains(head.status))
        if self.awaitsUpgrade, !isAccepted, self.isConnect || server.hasHeld { self.closes = true }
        if server.isDraining { self.closes = true }
        let answering = HTTP1Writer.Answering(
            version: self.version,
            isHead: self.isHead,
            isConnect: self.isConnect,
            closes: self.closes && !isAccepted
        )
        var head = head
        if head.status == 101, let key = self.webSocketKey, head.fields.first(named: "sec-websocket-accept") == nil {
            // Who accepted it speaks HTTP/2, where there is nothing to prove.
            head.fields.append(HeaderField("sec-websocket-accept", WebSocketHandshake.answer(to: key)))
        }
        var framing: HTTP1Framing?
        server.bytes.gather {
            framing = HTTP1Writer.write(
                head,
                endStream: endStream && !isAccepted,
                answering: answering,
                upgrade: self.upgrade,
                into: &$0
            )
        }
        guard let framing else { return false }
        self.sendFraming = framing
        if case .length(let count) = framing { self.left = count }
        if framing == .untilClose || framing == .raw { self.closes = true }
        if self.awaitsUpgrade {
            self.awaitsUpgrade = false
            // Refused, the request is whole: what may follow it is no part of it.
            if !isAccepted { self.isReceiveClosed = true }
            server.upgradeWasDecided()
        }
        if endStream { self.sent() }
        return true
    }

    override func capacity() -> Int {
        guard let server = self.server, !self.isSendClosed else { return 0 }
        return server.bytes.capacity()
    }

    override func send(_ data: UnsafeRawBufferPointer, endStream: Bool) {
        guard let server = self.server, let framing = self.sendFraming, !self.isSendClosed else { return }
        switch framing {
        case .none:
            break
        case .length:
            guard data.count <= self.left, !endStream || data.count == self.left else { return self.breakOff() }
            self.left -= data.count
            server.bytes.send(data)
        case .chunked:
            HTTP1Chunks.send(data, endStream: endStream, on: server.bytes)
        case .untilClose, .raw:
            server.bytes.send(data)
        }
        self.bytesSent &+= UInt64(data.count)
        if endStream { self.sent() }
    }

    override func send(trailers: [HeaderField]) {
        guard let server = self.server, let framing = self.sendFraming, !self.isSendClosed else { return }
        guard framing == .chunked else { return self.finish() }
        server.bytes.gather { HTTP1Writer.writeEnd(trailers: trailers, into: &$0) }
        self.sent()
    }

    private func sent() {
        self.isSendClosed = true
        if self.isRaw { self.server?.bytes.finish() }
        self.server?.settle(self)
    }

    /// The body is not what its head said: only the connection's end can tell the peer.
    private func breakOff() { self.server?.cut(self, .local) }

    override func consumed(_ count: Int) {
        let count = min(max(count, 0), self.unconsumed)
        self.unconsumed -= count
        self.server?.bytes.consumed(count)
    }

    override func reset(_ code: HTTP2ErrorCode) {
        guard let server = self.server else { return }
        self.end()
        server.abort()
    }

    // MARK: Receiving

    func received(_ data: UnsafeRawBufferPointer, endStream: Bool) {
        self.bytesReceived &+= UInt64(data.count)
        self.unconsumed += data.count
        if endStream { self.isReceiveClosed = true }
        if let owner = self.owner {
            owner.stream(self, data: data, endStream: endStream)
        } else {
            self.consumed(data.count)
        }
    }

    func received(trailers: [HeaderField]) {
        self.isReceiveClosed = true
        self.owner?.stream(self, trailers: trailers)
    }

    /// No event comes any more.
    func end() {
        guard !self.isEnded else { return }
        self.isEnded = true
        self.isSendClosed = true
        self.isReceiveClosed = true
        self.consumed(self.unconsumed)
        self.server = nil
        self.owner = nil
    }
}
