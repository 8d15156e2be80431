/// Whose HTTP/2 connection a carrier carries.
protocol HTTP2CarrierOwner: AnyObject {
    /// Server: a valid request came.
    func carrierOpened(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool)
    /// Streams ended, or the peer changed what it takes.
    func carrierCapacityChanged()
    /// The peer broke HTTP/2, or was too much: what says so is on its way, and the connection ends.
    func carrierFailed(_ error: HTTP2Error)
}

/// Joins the HTTP/2 core with a byte stream.
final class HTTP2Carrier: HTTP2ConnectionOwner {
    let bytes: ByteStream
    let http2: HTTP2Connection
    private weak var owner: (any HTTP2CarrierOwner)?
    private let outputBytes: Int
    /// Streams that wait for room in the byte stream, in turn.
    private var waiting: [HTTP2Exchange] = []
    private var isFailed = false
    /// How the peer broke HTTP/2, if it did.
    private(set) var error: HTTP2Error?
    /// How the byte stream ended, once it did.
    private(set) var outcome: RelayOutcome?

    init(_ role: HTTP2Role, over bytes: ByteStream, limits: HTTPLimits, owner: any HTTP2CarrierOwner) {
        self.bytes = bytes
        self.owner = owner
        self.outputBytes = limits.outputBytes
        self.http2 = HTTP2Connection(role: role, limits: limits.http2)
        self.http2.owner = self
        self.http2.start()
        self.push()
    }

    /// Takes what came on the byte stream.
    func receive(_ input: UnsafeRawBufferPointer) {
        if self.http2.failure == nil { _ = self.http2.receive(input, now: self.bytes.loop.now) }
        self.bytes.consumed(input.count)
        self.push()
    }

    /// Hands the core's output on, unless the peer reads too slowly: then it stays where unread answers are counted.
    func push() {
        while !self.http2.output.isEmpty, self.bytes.pendingCount < self.outputBytes {
            let count = self.http2.output.withBytes { output in
                self.bytes.send(output)
                return output.count
            }
            self.http2.output.consume(count)
        }
        guard let error = self.http2.failure, !self.isFailed else { return }
        self.isFailed = true
        self.error = error
        self.owner?.carrierFailed(error)
    }

    /// The byte stream has room again.
    func canSend() {
        self.push()
        let queue = self.waiting
        self.waiting = []
        for (turn, exchange) in queue.enumerated() {
            guard self.bytes.capacity() > 0 else {
                // Whoever had its turn and waits again waits behind those that had none.
                self.waiting.insert(contentsOf: queue[turn...], at: 0)
                return
            }
            exchange.waitsForBytes = false
            exchange.canSend()
        }
    }

    /// The byte stream is gone.
    func ended(_ outcome: RelayOutcome) {
        self.outcome = outcome
        self.waiting = []
        self.isFailed = true
        self.http2.transportClosed()
    }

    // MARK: For streams

    func capacity(of exchange: HTTP2Exchange) -> Int {
        let stream = exchange.stream
        guard !stream.isSendClosed else { return 0 }
        self.push()
        let room = self.bytes.capacity()
        guard room > 0 else {
            if !exchange.waitsForBytes {
                exchange.waitsForBytes = true
                self.waiting.append(exchange)
            }
            return 0
        }
        return min(room, self.http2.sendCapacity(stream))
    }

    /// False when the windows do not allow it.
    func send(_ stream: HTTP2Stream, _ data: UnsafeRawBufferPointer, endStream: Bool) -> Bool {
        defer { self.push() }
        guard data.count > 0 else {
            if endStream { self.http2.finish(stream) }
            return true
        }
        self.push()
        guard self.http2.output.isEmpty else {
            guard self.http2.queueData(stream, data) else { return false }
            if endStream { self.http2.finish(stream) }
            return true
        }
        return withUnsafeTemporaryAllocation(byteCount: HTTP2FrameHeader.byteCount, alignment: 1) { header in
            guard let start = header.baseAddress,
                self.http2.writeDataHeader(stream, length: data.count, endStream: endStream, into: start)
            else { return false }
            self.bytes.send(UnsafeRawBufferPointer(header))
            self.bytes.send(data)
            return true
        }
    }

    func sendHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) -> Bool {
        defer { self.push() }
        return self.http2.sendHeaders(stream, headers, endStream: endStream)
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        self.http2.reset(stream, code)
        self.push()
    }

    /// Resets a stream for what the peer sent on it.
    func refuse(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        self.http2.refuse(stream, code)
        self.push()
    }

    func consumed(_ stream: HTTP2Stream, _ count: Int) {
        self.http2.consumed(stream, count)
        self.push()
    }

    // MARK: HTTP2ConnectionOwner

    func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        guard let owner = self.owner else { return self.http2.reset(stream, .refusedStream) }
        owner.carrierOpened(stream, headers, endStream: endStream)
    }

    func connectionReceivedSettings() { self.owner?.carrierCapacityChanged() }

    func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode) { self.owner?.carrierCapacityChanged() }

    func connectionReceivedPong(_ opaque: UInt64) {}

    func connectionCapacityChanged() { self.owner?.carrierCapacityChanged() }
}
