import MeshModel

/// One request that was sent on an HTTP/1.1 connection, and its response.
final class HTTP1ClientStream: HTTPStream {
    private var client: HTTP1Client?
    /// What of the request decides how its response is read.
    let answering: HTTP1ResponseReader.Request
    private let sendFraming: HTTP1Framing
    private var left = 0
    private var unconsumed = 0
    /// The final response came.
    private(set) var isAnswered = false
    /// The connection is one of raw bytes now.
    private(set) var isRaw = false
    /// Informational responses so far.
    var informational = 0
    /// What the server must say to a WebSocket key of ours.
    var proof: String?

    init(_ head: HTTPRequestHead, framing: HTTP1Framing, endStream: Bool, on client: HTTP1Client) {
        self.client = client
        self.sendFraming = framing
        self.answering = HTTP1ResponseReader.Request(
            isHead: head.method == "HEAD",
            isConnect: head.method == "CONNECT",
            asksForUpgrade: head.upgrade != nil
        )
        if case .length(let count) = framing { self.left = count }
        super.init(version: .http11)
        self.isSendClosed = endStream && framing != .raw
    }

    // MARK: Sending

    override func capacity() -> Int {
        guard let client = self.client, !self.isSendClosed, self.sendFraming != .raw || self.isRaw else { return 0 }
        return client.bytes.capacity()
    }

    override func send(_ data: UnsafeRawBufferPointer, endStream: Bool) {
        guard let client = self.client, !self.isSendClosed else { return }
        switch self.sendFraming {
        case .none, .untilClose:
            break
        case .length:
            guard data.count <= self.left, !endStream || data.count == self.left else {
                return client.cut(self, .local)
            }
            self.left -= data.count
            client.bytes.send(data)
        case .chunked:
            HTTP1Chunks.send(data, endStream: endStream, on: client.bytes)
        case .raw:
            // Before the answer nothing may be sent: refused, it would be read as the next request.
            guard self.isRaw else { return data.count == 0 ? () : client.cut(self, .local) }
            client.bytes.send(data)
        }
        self.bytesSent &+= UInt64(data.count)
        if endStream { self.sent() }
    }

    override func send(trailers: [HeaderField]) {
        guard let client = self.client, !self.isSendClosed else { return }
        guard self.sendFraming == .chunked else { return self.finish() }
        client.bytes.gather { HTTP1Writer.writeEnd(trailers: trailers, into: &$0) }
        self.sent()
    }

    private func sent() {
        self.isSendClosed = true
        if self.isRaw { self.client?.bytes.finish() }
        self.client?.settle(self)
    }

    override func consumed(_ count: Int) {
        let count = min(max(count, 0), self.unconsumed)
        self.unconsumed -= count
        self.client?.bytes.consumed(count)
    }

    override func reset(_ code: HTTP2ErrorCode) {
        guard let client = self.client else { return }
        self.end()
        client.abort()
    }

    // MARK: Receiving

    func received(_ response: HTTP1Response) {
        if response.head.status < 200, response.head.status != 101 {
            self.owner?.stream(self, informational: response.head)
            return
        }
        self.isAnswered = true
        self.isRaw = response.framing == .raw
        self.isReceiveClosed = response.framing == .none
        // Refused, there are no raw bytes to come from us.
        if self.sendFraming == .raw, !self.isRaw { self.isSendClosed = true }
        self.owner?.stream(self, response: response.head, endStream: self.isReceiveClosed)
    }

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
        self.client = nil
        self.owner = nil
    }
}
