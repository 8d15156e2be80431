import MeshModel

/// A stream of HTTP/2 in the form of both versions.
final class HTTP2Exchange: HTTPStream, HTTP2StreamOwner {
    let stream: HTTP2Stream
    private let carrier: HTTP2Carrier
    private let role: HTTP2Role
    private let limits: HTTPLimits
    /// The request asks for another protocol.
    private let isUpgrade: Bool
    private let isConnect: Bool
    /// Bytes flow both ways, and each way ends by itself.
    private var isTunnel = false
    private let isHead: Bool
    /// The final response was received, or sent.
    private var isAnswered = false
    private var informational = 0
    /// How long the body that is received must be (RFC 9113 §8.1.1).
    private var expectedLength: Int?
    /// It is in the queue for room in the byte stream.
    var waitsForBytes = false

    /// Takes over the stream's events.
    init(
        _ stream: HTTP2Stream,
        on carrier: HTTP2Carrier,
        request: HTTPRequestHead,
        expectedLength: Int?,
        limits: HTTPLimits
    ) {
        self.stream = stream
        self.carrier = carrier
        self.role = carrier.http2.role
        self.limits = limits
        self.isUpgrade = request.upgrade != nil
        self.isHead = request.method == "HEAD"
        self.isConnect = request.method == "CONNECT"
        self.expectedLength = expectedLength
        super.init(version: .http2)
        stream.owner = self
        self.isReceiveClosed = stream.isReceiveClosed
        self.isSendClosed = stream.isSendClosed
    }

    /// What nobody gave back must not be missing from the connection's window.
    deinit { self.carrier.consumed(self.stream, .max) }

    // MARK: Sending

    override func sendInformational(_ head: HTTPResponseHead) {
        guard !self.isAnswered, (100..<200).contains(head.status), head.status != 101 else { return }
        _ = self.carrier.sendHeaders(self.stream, HTTP2Head.fields(of: head), endStream: false)
    }

    override func send(response head: HTTPResponseHead, endStream: Bool) -> Bool {
        guard self.role == .server, !self.isAnswered, !self.isEnded, head.status >= 200 || head.status == 101 else {
            return false
        }
        var head = head
        let isAccepted = self.isUpgrade && head.status == 101
        if self.isUpgrade {
            // Accepted is what 101 says; another success would be read as if it said so, too (CVE-2024-23326).
            guard head.status == 101 || head.status >= 300 else { return false }
            if head.status == 101 { head = HTTP2Head.accepted(head) }
        } else if head.status == 101 {
            return false
        }
        guard self.carrier.sendHeaders(self.stream, HTTP2Head.fields(of: head), endStream: endStream) else {
            return false
        }
        self.isAnswered = true
        self.isTunnel = isAccepted || (self.isConnect && (200..<300).contains(head.status))
        if endStream { self.sent() }
        return true
    }

    override func capacity() -> Int { self.isSendClosed ? 0 : self.carrier.capacity(of: self) }

    override func send(_ data: UnsafeRawBufferPointer, endStream: Bool) {
        guard !self.isSendClosed, self.role == .client || self.isAnswered else { return }
        guard self.carrier.send(self.stream, data, endStream: endStream) else {
            // More than allowed: a fault of ours that must not stay silent.
            self.carrier.reset(self.stream, .internalError)
            return self.cut(.local)
        }
        self.bytesSent &+= UInt64(data.count)
        if endStream { self.sent() }
    }

    override func send(trailers: [HeaderField]) {
        guard !self.isSendClosed, self.role == .client || self.isAnswered else { return }
        let fields = trailers.filter { HTTP2Head.goesOn($0) }
        if fields.isEmpty || !self.carrier.sendHeaders(self.stream, fields, endStream: true) {
            _ = self.carrier.send(self.stream, UnsafeRawBufferPointer(start: nil, count: 0), endStream: true)
        }
        self.sent()
    }

    override func consumed(_ count: Int) { self.carrier.consumed(self.stream, count) }

    override func reset(_ code: HTTP2ErrorCode) {
        guard !self.isEnded else { return }
        self.carrier.reset(self.stream, code)
        self.end()
    }

    private func sent() {
        self.isSendClosed = true
        if self.isReceiveClosed { return self.end() }
        guard self.role == .server, !self.isTunnel else { return }
        // An answer before the request's end: nobody wants the rest (RFC 9113 §8.1).
        self.carrier.reset(self.stream, .noError)
        self.end()
    }

    private func end() {
        self.isSendClosed = true
        self.isReceiveClosed = true
        self.isEnded = true
        self.owner = nil
    }

    private func cut(_ failure: HTTPStreamFailure) {
        let owner = self.owner
        self.end()
        owner?.streamReset(self, failure)
    }

    /// What the peer sent is not acceptable.
    private func refuse(_ refusal: HTTPRefusal) {
        self.carrier.refuse(self.stream, .protocolError)
        self.cut(.malformed(refusal))
    }

    func canSend() { self.owner?.streamCanSend(self) }

    // MARK: HTTP2StreamOwner

    func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        if self.role == .server || self.isAnswered { return self.receivedTrailers(headers) }
        if let refusal = HTTP2Head.excess(headers, self.limits) { return self.refuse(refusal) }
        var head = HTTP2Head.response(headers)
        guard head.status >= 200 else {
            self.informational += 1
            guard self.informational <= self.limits.informationalResponses else {
                return self.refuse(.tooManyInformational)
            }
            self.owner?.stream(self, informational: head)
            return
        }
        self.isAnswered = true
        if self.isUpgrade, head.status < 300 {
            head.status = 101
            head.fields.remove(named: "content-length")
        } else {
            switch HTTP2Head.length(&head.fields) {
            case .failure(let refusal): return self.refuse(refusal)
            case .success(let length): if !self.isHead, head.status != 304 { self.expectedLength = length }
            }
            if head.status == 204 { head.fields.remove(named: "content-length") }
        }
        if endStream {
            guard self.isLengthRight else { return self.refuse(.lengthMismatch) }
            self.isReceiveClosed = true
        }
        self.owner?.stream(self, response: head, endStream: endStream)
        self.received(endStream)
    }

    private func receivedTrailers(_ fields: [HTTP2Header]) {
        if let refusal = HTTP2Head.excess(fields, self.limits) { return self.refuse(refusal) }
        guard self.isLengthRight else { return self.refuse(.lengthMismatch) }
        self.isReceiveClosed = true
        self.owner?.stream(self, trailers: fields)
        self.received(true)
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
        self.bytesReceived &+= UInt64(bytes.count)
        if let expected = self.expectedLength,
            self.bytesReceived > UInt64(expected) || (endStream && !self.isLengthRight)
        {
            return self.refuse(.lengthMismatch)
        }
        if endStream { self.isReceiveClosed = true }
        guard let owner = self.owner else { return self.carrier.http2.consumed(stream, bytes.count) }
        owner.stream(self, data: bytes, endStream: endStream)
        self.received(endStream)
    }

    private var isLengthRight: Bool { self.expectedLength.map { UInt64($0) == self.bytesReceived } ?? true }

    private func received(_ endStream: Bool) {
        if endStream, self.isSendClosed, !self.isEnded { self.end() }
    }

    func streamWindowOpened(_ stream: HTTP2Stream) { self.canSend() }

    func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {
        guard !self.isEnded else { return }
        if let outcome = self.carrier.outcome { return self.cut(.connectionClosed(outcome)) }
        switch stream.failure {
        case .peerReset where code != .refusedStream: self.cut(.reset(code))
        case .peerReset, .peerGoAway: self.cut(.refused)
        case .closedLocally, .transportClosed, nil: self.cut(.local)
        case let reason?: self.cut(.protocolError(reason))
        }
    }
}
