import MeshModel

/// The asking side of one HTTP/1.1 connection: one request at a time.
final class HTTP1Client {
    let bytes: ByteStream
    private let limits: HTTPLimits
    /// Called when a stream ended or the connection takes no more.
    private let onChange: () -> Void
    private var reader: HTTP1ResponseReader
    private var body = HTTP1BodyReader(.none, limits: HTTPLimits())
    private var current: HTTP1ClientStream?
    /// The connection may carry another request after the one under way.
    private(set) var isReusable = true
    private var isOver = false

    init(over bytes: ByteStream, limits: HTTPLimits, onChange: @escaping () -> Void) {
        self.bytes = bytes
        self.limits = limits
        self.onChange = onChange
        self.reader = HTTP1ResponseReader(limits: limits)
    }

    var activeStreams: Int { self.current == nil ? 0 : 1 }
    var canOpenStream: Bool { self.current == nil && self.isReusable && !self.isOver }

    /// Sends a request; nil when one is under way, or its head can't be said in HTTP/1.1.
    func open(
        _ head: HTTPRequestHead,
        endStream: Bool,
        owner: any HTTPStreamOwner
    ) -> HTTP1ClientStream? {
        guard self.canOpenStream else { return nil }
        var head = head
        var proof: String?
        if let upgrade = head.upgrade, WebSocketHandshake.isWebSocket(upgrade),
            head.fields.first(named: "sec-websocket-key") == nil
        {
            // Who asks speaks HTTP/2, where there is nothing to prove.
            let key = WebSocketHandshake.makeKey()
            proof = WebSocketHandshake.answer(to: key)
            head.fields.append(HeaderField("sec-websocket-key", key))
            if head.fields.first(named: "sec-websocket-version") == nil {
                head.fields.append(HeaderField("sec-websocket-version", "13"))
            }
        }
        var framing: HTTP1Framing?
        self.bytes.gather { framing = HTTP1Writer.write(head, endStream: endStream, into: &$0) }
        guard let framing else { return nil }
        let stream = HTTP1ClientStream(head, framing: framing, endStream: endStream, on: self)
        stream.owner = owner
        stream.proof = proof
        self.current = stream
        // Whatever comes of it: bytes that were meant for another protocol must not meet another's request.
        if framing == .raw { self.isReusable = false }
        return stream
    }

    // MARK: Reading

    /// Takes what came on the byte stream.
    func receive(_ input: UnsafeRawBufferPointer) {
        var at = 0
        while at < input.count, !self.isOver {
            guard let current = self.current else {
                // Nobody asked: whatever it is, the next request must not get it for its response.
                self.isReusable = false
                self.abort()
                break
            }
            let rest = UnsafeRawBufferPointer(rebasing: input[at...])
            do throws(HTTPRefusal) {
                at += current.isAnswered ? try self.readBody(of: current, rest) : try self.readHead(of: current, rest)
            } catch {
                self.cut(current, .malformed(error))
            }
        }
        if self.isOver { self.bytes.consumed(input.count - at) }
    }

    private func readHead(
        of current: HTTP1ClientStream,
        _ input: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) -> Int {
        let (response, consumed) = try self.reader.read(input, answering: current.answering)
        self.bytes.consumed(consumed)
        guard var response else { return consumed }
        if response.head.status < 200, response.head.status != 101 {
            current.informational += 1
            guard current.informational <= self.limits.informationalResponses else { throw .tooManyInformational }
        } else {
            if response.head.status == 101, let proof = current.proof {
                guard response.head.fields.first(named: "sec-websocket-accept") == proof else {
                    throw .upgradeUnexpected
                }
                response.head.fields.remove(named: "sec-websocket-accept")
            }
            self.body = HTTP1BodyReader(response.framing, limits: self.limits)
            if !response.keepsAlive { self.isReusable = false }
        }
        current.received(response)
        if current.isReceiveClosed { self.settle(current) }
        return consumed
    }

    private func readBody(
        of current: HTTP1ClientStream,
        _ input: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) -> Int {
        let step = try self.body.read(input)
        self.bytes.consumed(step.consumed - step.data.count)
        let hasTrailers = step.isEnd && !self.body.trailers.isEmpty
        let ends = step.isEnd && !hasTrailers
        if step.data.count > 0 || ends {
            current.received(UnsafeRawBufferPointer(rebasing: input[step.data]), endStream: ends)
        }
        if hasTrailers, !current.isEnded { current.received(trailers: self.body.trailers) }
        if step.isEnd { self.settle(current) }
        return step.consumed
    }

    /// The peer sends no more.
    func receivedEnd() {
        self.isReusable = false
        guard !self.isOver else { return }
        guard let current = self.current else { return self.close() }
        guard current.isAnswered, self.body.endsWithConnection else {
            return self.cut(current, .connectionClosed(.upstreamFailed("it ended before the response did")))
        }
        current.received(UnsafeRawBufferPointer(start: nil, count: 0), endStream: true)
        self.settle(current)
    }

    // MARK: Exchanges

    /// One of the exchange's directions ended.
    func settle(_ stream: HTTP1ClientStream) {
        guard stream === self.current, stream.isReceiveClosed, !stream.isEnded else { return }
        if stream.isRaw, !stream.isSendClosed { return }
        // A response before the request's end: the rest is of no use to the server.
        let isWhole = stream.isSendClosed
        self.current = nil
        stream.end()
        guard isWhole, self.isReusable else {
            self.isReusable = false
            self.close()
            return
        }
        self.onChange()
    }

    /// Cuts the exchange, and with it the connection.
    func cut(_ stream: HTTP1ClientStream, _ failure: HTTPStreamFailure) {
        let owner = stream.owner
        stream.end()
        self.abort()
        owner?.streamReset(stream, failure)
    }

    /// Lets the exchange under way be the last.
    func drain() {
        self.isReusable = false
        if self.current == nil { self.close() }
    }

    private func close() {
        self.isOver = true
        self.bytes.close(isAbortive: false)
        self.onChange()
    }

    func abort() {
        self.isOver = true
        self.isReusable = false
        self.current = nil
        self.bytes.close(isAbortive: true)
        self.onChange()
    }

    func canSend() {
        guard let current = self.current else { return }
        current.owner?.streamCanSend(current)
    }

    /// The byte stream is gone.
    func ended(_ outcome: RelayOutcome) {
        self.isOver = true
        self.isReusable = false
        guard let stream = self.current else { return }
        self.current = nil
        let owner = stream.owner
        stream.end()
        owner?.streamReset(stream, .connectionClosed(outcome))
    }
}
