package import MeshModel

/// The asking side of one HTTP connection over a byte stream: HTTP/1.1 or HTTP/2. Held alive by its byte stream.
package final class HTTPClientConnection: EventSource {
    private enum Side {
        case http1(HTTP1Client)
        case http2(HTTP2Carrier)
        /// Not made yet.
        case none
    }

    /// What the connection runs over; its owner is the connection.
    package let bytes: ByteStream
    /// What the connection speaks.
    package let version: HTTPVersion
    private let limits: HTTPLimits
    private var owner: (any HTTPClientConnectionOwner)?
    private var side = Side.none
    private lazy var deadline = LoopTimer(target: self)
    private var isIdle = false
    private var isScheduled = false
    private var isDraining = false

    /// Takes over a byte stream: the connection becomes its owner.
    /// - Parameters:
    ///   - version: `.http2` with prior knowledge; anything else is HTTP/1.1.
    ///   - owner: held until the connection ends.
    package init(
        over bytes: ByteStream,
        version: HTTPVersion,
        limits: HTTPLimits = HTTPLimits(),
        owner: any HTTPClientConnectionOwner
    ) {
        self.bytes = bytes
        self.version = version == .http2 ? .http2 : .http11
        self.limits = limits
        self.owner = owner
        super.init(loop: bytes.loop)
        bytes.owner = self
        if self.version == .http2 {
            self.side = .http2(HTTP2Carrier(.client, over: bytes, limits: limits, owner: self))
        } else {
            self.side = .http1(HTTP1Client(over: bytes, limits: limits) { [weak self] in self?.changed() })
        }
        self.boundWait()
        // Its former owner may have been told.
        if bytes.isReceiveEnded { self.bytes.close(isAbortive: false) }
    }

    // MARK: Streams

    /// Whether another stream may be opened now.
    package var canOpenStream: Bool {
        guard self.owner != nil, !self.isDraining, !self.bytes.isSendEnded, !self.bytes.isEnded else { return false }
        return switch self.side {
        case .http1(let client): client.canOpenStream
        case .http2(let carrier): carrier.http2.canOpenStream
        case .none: false
        }
    }

    /// How the peer broke HTTP/2, if it did: that ends the connection.
    package var http2Error: HTTP2Error? {
        guard case .http2(let carrier) = self.side else { return nil }
        return carrier.error
    }

    /// Streams under way.
    package var activeStreams: Int {
        switch self.side {
        case .http1(let client): client.activeStreams
        case .http2(let carrier): carrier.http2.activeStreams
        case .none: 0
        }
    }

    /// Whether streams may be opened now or once others have ended; false means that another connection is needed.
    package var isReusable: Bool {
        guard self.owner != nil, !self.isDraining, !self.bytes.isSendEnded, !self.bytes.isEnded else { return false }
        return switch self.side {
        case .http1(let client): client.isReusable
        case .http2(let carrier): !carrier.http2.isClosing
        case .none: false
        }
    }

    /// Whether a request with an upgrade can be sent: over HTTP/2 the peer must have allowed it, and nil means that it has
    /// not said yet.
    package var allowsUpgrade: Bool? {
        guard case .http2(let carrier) = self.side else { return true }
        return carrier.http2.hasPeerSettings ? carrier.http2.peerAllowsExtendedConnect : nil
    }

    /// Sends a request; nil when ``canOpenStream`` is false, the head can't be said in this version of HTTP, or the peer
    /// takes no head as long as this one.
    /// - Parameter owner: held until the stream ends.
    package func openStream(
        request head: HTTPRequestHead,
        endStream: Bool,
        owner: any HTTPStreamOwner
    ) -> HTTPStream? {
        guard self.canOpenStream else { return nil }
        let stream: HTTPStream?
        switch self.side {
        case .http1(let client): stream = client.open(head, endStream: endStream, owner: owner)
        case .http2(let carrier): stream = self.open(head, endStream: endStream, owner: owner, on: carrier)
        case .none: stream = nil
        }
        if stream != nil { self.boundWait() }
        return stream
    }

    private func open(
        _ head: HTTPRequestHead,
        endStream: Bool,
        owner: any HTTPStreamOwner,
        on carrier: HTTP2Carrier
    ) -> HTTPStream? {
        guard HTTP1Method.isValid(head.method), HTTP1Target.isAuthority(head.authority) else { return nil }
        let isRaw = head.upgrade != nil || head.method == "CONNECT"
        guard
            let stream = carrier.http2.openStream(
                headers: HTTP2Head.fields(of: head),
                endStream: endStream && !isRaw,
                owner: HTTP2NoOwner()
            )
        else { return nil }
        let exchange = HTTP2Exchange(stream, on: carrier, request: head, expectedLength: nil, limits: self.limits)
        exchange.owner = owner
        carrier.push()
        return exchange
    }

    // MARK: Ending

    /// Opens no more streams, and closes when the last one has ended.
    package func drain() {
        guard !self.isDraining else { return }
        self.isDraining = true
        switch self.side {
        case .http1(let client): client.drain()
        case .http2(let carrier):
            carrier.http2.shutdownGracefully()
            carrier.push()
            self.closeWhenUnused(carrier)
        case .none: break
        }
    }

    /// Ends the connection at once; its streams are cut.
    package func close() {
        if case .http2(let carrier) = self.side {
            carrier.http2.goAway(.noError, debug: "")
            carrier.push()
            self.bytes.close(isAbortive: false)
            carrier.http2.transportClosed(.cancel)
            return
        }
        self.bytes.close(isAbortive: self.activeStreams > 0)
    }

    private func closeWhenUnused(_ carrier: HTTP2Carrier) {
        if carrier.http2.isClosing, carrier.http2.activeStreams == 0 { self.bytes.close(isAbortive: false) }
    }

    private func changed() {
        guard let owner = self.owner else { return }
        if case .http2(let carrier) = self.side { self.closeWhenUnused(carrier) }
        self.boundWait()
        owner.connectionCapacityChanged(self)
    }

    /// A connection without streams is closed after a while.
    private func boundWait() {
        let isIdle = self.activeStreams == 0
        guard isIdle != self.isIdle else { return }
        self.isIdle = isIdle
        self.loop.stop(self.deadline)
        if isIdle, self.limits.idleMilliseconds > 0, !self.bytes.isEnded {
            self.loop.start(self.deadline, after: self.limits.idleMilliseconds)
        }
    }

    override package func timerFired(_ timer: LoopTimer) { self.drain() }

    override package func again() {
        self.isScheduled = false
        self.changed()
    }
}

extension HTTPClientConnection: ByteStreamOwner {
    package func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        switch self.side {
        case .http1(let client): client.receive(bytes)
        case .http2(let carrier): carrier.receive(bytes)
        case .none: break
        }
    }

    package func byteStreamReceivedEnd(_ stream: ByteStream) {
        switch self.side {
        case .http1(let client): client.receivedEnd()
        case .http2, .none: self.bytes.close(isAbortive: false)
        }
    }

    package func byteStreamCanSend(_ stream: ByteStream) {
        switch self.side {
        case .http1(let client): client.canSend()
        case .http2(let carrier): carrier.canSend()
        case .none: break
        }
    }

    package func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {
        self.loop.stop(self.deadline)
        switch self.side {
        case .http1(let client): client.ended(outcome)
        case .http2(let carrier): carrier.ended(outcome)
        case .none: break
        }
        let owner = self.owner
        self.owner = nil
        owner?.connectionEnded(self, outcome)
    }
}

extension HTTPClientConnection: HTTP2CarrierOwner {
    func carrierOpened(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {}

    func carrierCapacityChanged() {
        self.boundWait()
        // In a later turn: this may come from within the sending of a stream's last bytes.
        guard self.owner != nil, !self.isScheduled else { return }
        self.isScheduled = true
        self.loop.runAgain(self)
    }

    func carrierFailed(_ error: HTTP2Error) {
        self.bytes.close(isAbortive: false)
        self.carrierCapacityChanged()
    }
}

/// Stands in until a stream has its exchange.
private final class HTTP2NoOwner: HTTP2StreamOwner {
    func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {}
    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {}
    func streamWindowOpened(_ stream: HTTP2Stream) {}
    func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {}
}
