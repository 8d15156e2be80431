import MeshModel

/// Whose HTTP/1.1 connection it is.
protocol HTTP1ServerOwner: AnyObject {
    /// A request came.
    func server(_ server: HTTP1Server, opened stream: HTTP1ServerStream, _ request: HTTP1Request)
    /// A request was refused, and the refusal is sent.
    func server(_ server: HTTP1Server, refused refusal: HTTPRefusal)
    /// What it waits for has changed.
    func serverChanged(_ server: HTTP1Server)
    /// Bytes that were held may be looked at in the loop's next turn, by ``HTTP1Server/resume()``.
    func serverWantsTurn(_ server: HTTP1Server)
}

/// The serving side of one HTTP/1.1 connection: requests one after the other, each with its response.
final class HTTP1Server {
    /// What the connection waits for.
    enum Wait { case request, head, response, departure, end }

    let bytes: ByteStream
    private weak var owner: (any HTTP1ServerOwner)?
    private let limits: HTTPLimits
    private var reader: HTTP1RequestReader
    private var body = HTTP1BodyReader(.none, limits: HTTPLimits())
    private var current: HTTP1ServerStream?
    /// Bytes that came and can't be looked at yet: behind a request that is not answered.
    private var held = ByteQueue()
    private var peerHasEnded = false
    /// What had been sent when it was last asked whether the client has left.
    private var sentBefore: UInt64 = 0
    private var isReading = false
    /// Nothing is read or begun any more.
    private var isOver = false
    /// The response under way is the connection's last.
    private(set) var isDraining = false

    init(over bytes: ByteStream, limits: HTTPLimits, owner: any HTTP1ServerOwner) {
        self.bytes = bytes
        self.limits = limits
        self.owner = owner
        self.reader = HTTP1RequestReader(limits: limits)
    }

    /// Requests under way.
    var activeStreams: Int { self.current == nil ? 0 : 1 }

    var wait: Wait {
        if self.isOver { return .end }
        if let current = self.current { return self.peerHasEnded && !current.isRaw ? .departure : .response }
        return self.reader.isWithinHead ? .head : .request
    }

    /// Whether bytes wait that came too early.
    var hasHeld: Bool { !self.held.isEmpty || self.peerHasEnded }

    // MARK: Reading

    /// Takes what came on the byte stream.
    func receive(_ input: UnsafeRawBufferPointer) {
        guard !self.isOver else { return self.bytes.consumed(input.count) }
        let taken = self.canRead && self.held.isEmpty ? self.read(input) : 0
        if taken < input.count { self.hold(UnsafeRawBufferPointer(rebasing: input[taken...])) }
        self.owner?.serverChanged(self)
    }

    private var canRead: Bool {
        guard !self.isReading, !self.isOver else { return false }
        guard let current = self.current else { return true }
        return !current.awaitsUpgrade && !current.isReceiveClosed
    }

    private func hold(_ input: UnsafeRawBufferPointer) {
        guard !self.isOver else { return self.bytes.consumed(input.count) }
        guard self.bytes.loop.hold(input.count, progress: self.bytes.loop.now) else { return self.abort() }
        self.held.append(input)
    }

    /// Looks at what was held, if it may be now.
    func resume() {
        guard self.canRead else { return }
        var waiting = ByteQueue()
        swap(&waiting, &self.held)
        let taken = waiting.isEmpty ? 0 : self.read(waiting.bytes)
        waiting.consume(taken)
        self.bytes.loop.release(taken)
        if self.isOver {
            self.bytes.loop.release(waiting.count)
        } else if !waiting.isEmpty {
            self.held.withBytes { waiting.append($0) }
            swap(&waiting, &self.held)
        }
        if self.peerHasEnded, self.held.isEmpty { self.readEnd() }
        self.owner?.serverChanged(self)
    }

    /// Reads requests and bodies as far as they may be read now; says how many bytes were taken.
    private func read(_ input: UnsafeRawBufferPointer) -> Int {
        self.isReading = true
        defer { self.isReading = false }
        var at = 0
        while at < input.count, !self.isOver {
            let rest = UnsafeRawBufferPointer(rebasing: input[at...])
            do throws(HTTPRefusal) {
                if let current = self.current {
                    if current.awaitsUpgrade || current.isReceiveClosed { break }
                    at += try self.readBody(of: current, rest)
                } else {
                    at += try self.readHead(rest)
                }
            } catch {
                self.refuse(error)
            }
        }
        return self.isOver ? input.count : at
    }

    private func readHead(_ input: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int {
        let (request, consumed) = try self.reader.read(input)
        self.bytes.consumed(consumed)
        if let request { self.open(request) }
        return consumed
    }

    private func open(_ request: HTTP1Request) {
        let stream = HTTP1ServerStream(request, on: self)
        self.body = HTTP1BodyReader(request.framing, limits: self.limits)
        self.current = stream
        self.owner?.server(self, opened: stream, request)
        if stream.owner == nil, !stream.isEnded { stream.reset(.refusedStream) }
    }

    private func readBody(
        of current: HTTP1ServerStream,
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
        self.peerHasEnded = true
        if self.held.isEmpty { self.readEnd() }
        self.owner?.serverChanged(self)
    }

    private func readEnd() {
        guard !self.isOver else { return }
        guard let current = self.current else { return self.close() }
        // A client may end its side and wait for the answer, for a while.
        if current.isReceiveClosed || current.awaitsUpgrade {
            current.closes = true
            self.sentBefore = self.bytes.bytesSent
            return
        }
        guard current.isRaw else {
            return self.cut(current, .connectionClosed(.downstreamFailed("it ended within a request's body")))
        }
        current.received(UnsafeRawBufferPointer(start: nil, count: 0), endStream: true)
        self.settle(current)
    }

    // MARK: Exchanges

    /// The upgrade that the request asks for was accepted or not.
    func upgradeWasDecided() {
        guard let current = self.current else { return }
        if current.isRaw { self.body = HTTP1BodyReader(.raw, limits: self.limits) }
        if self.hasHeld { self.owner?.serverWantsTurn(self) }
    }

    /// One of the exchange's directions ended.
    func settle(_ stream: HTTP1ServerStream) {
        guard stream === self.current, stream.isSendClosed, !stream.isEnded else { return }
        if stream.isRaw, !stream.isReceiveClosed { return }
        // An answer before the request's end: nobody wants the rest, and where it ends can't be known without reading it.
        let isWhole = stream.isReceiveClosed && !stream.closes
        self.current = nil
        stream.end()
        guard isWhole, !self.isDraining else { return self.close() }
        if self.hasHeld { self.owner?.serverWantsTurn(self) }
        self.owner?.serverChanged(self)
    }

    /// Cuts the exchange, and with it the connection.
    func cut(_ stream: HTTP1ServerStream, _ failure: HTTPStreamFailure) {
        let owner = stream.owner
        stream.end()
        self.abort()
        owner?.streamReset(stream, failure)
    }

    /// Answers a request that is not accepted, as far as that is still possible, and closes.
    func refuse(_ refusal: HTTPRefusal) {
        guard !self.isOver else { return }
        let stream = self.current
        self.current = nil
        let streamOwner = stream?.owner
        let isAnswered = stream?.isAnswered ?? false
        stream?.end()
        if isAnswered {
            self.abort()
        } else {
            let reply = HTTPLocalReply.head(of: refusal)
            var answering = HTTP1Writer.Answering()
            answering.closes = true
            self.bytes.gather { _ = HTTP1Writer.write(reply, endStream: false, answering: answering, into: &$0) }
            self.bytes.send(Array(refusal.body.utf8))
            self.close()
        }
        if let stream { streamOwner?.streamReset(stream, .malformed(refusal)) }
        self.owner?.server(self, refused: refusal)
    }

    // MARK: Ending

    /// Lets the exchange under way, or else the next one, be the last.
    func drain() { self.isDraining = true }

    /// The client ended its side a while ago: unless it takes what is sent it has left.
    func cutDeparted() {
        guard let current = self.current else { return self.closeAtRest() }
        let sent = self.bytes.bytesSent
        defer { self.sentBefore = sent }
        if sent == self.sentBefore {
            self.cut(current, .connectionClosed(.downstreamFailed("it left before its answer")))
        }
    }

    /// Closes the connection when nothing is under way.
    func closeAtRest() {
        self.isDraining = true
        if self.current == nil, !self.reader.isWithinHead, self.held.isEmpty { self.close() }
    }

    /// Closes the connection in order, when nothing is under way.
    private func close() {
        self.isOver = true
        self.dropHeld()
        self.bytes.close(isAbortive: false)
        self.owner?.serverChanged(self)
    }

    func abort() {
        self.isOver = true
        self.current = nil
        self.dropHeld()
        self.bytes.close(isAbortive: true)
    }

    private func dropHeld() {
        self.bytes.loop.release(self.held.count)
        self.held.clear()
    }

    func canSend() {
        guard let current = self.current else { return }
        current.owner?.streamCanSend(current)
    }

    /// The byte stream is gone.
    func ended(_ outcome: RelayOutcome) {
        self.isOver = true
        self.dropHeld()
        guard let stream = self.current else { return }
        self.current = nil
        let owner = stream.owner
        stream.end()
        owner?.streamReset(stream, .connectionClosed(outcome))
    }
}
