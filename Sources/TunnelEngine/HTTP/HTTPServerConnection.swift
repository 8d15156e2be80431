import MeshModel

/// The serving side of one HTTP connection over a byte stream: HTTP/1.1 or HTTP/2.
///
/// Requests that are no HTTP are answered here, and the owner is told for its log. Held alive by its byte stream.
package final class HTTPServerConnection: EventSource {
    /// What the connection speaks.
    package enum Kind: Sendable {
        /// HTTP/2 when it begins with its preface, HTTP/1.1 otherwise.
        case detect
        case http1
        case http2
    }

    /// What of it is decided.
    enum Side {
        /// Bytes so far, all of them the beginning of HTTP/2's preface.
        case undecided([UInt8])
        case http1(HTTP1Server)
        case http2(HTTP2Carrier)
    }

    /// What the peer has to do in time.
    private enum Awaited { case request, head, departure }

    /// What the connection runs over; its owner is the connection.
    package let bytes: ByteStream
    let limits: HTTPLimits
    var owner: (any HTTPServerConnectionOwner)?
    var side = Side.undecided([])
    private let kind: Kind
    private var early: [UInt8]
    private var isScheduled = false
    var isDraining = false
    /// The peer's end was looked at.
    private var sawEnd = false
    private lazy var deadline = LoopTimer(target: self)
    /// What the deadline is for; nil when none runs.
    private var awaited: Awaited?

    /// Takes over a byte stream: the connection becomes its owner.
    /// - Parameters:
    ///   - early: bytes of the stream that were received before and not given back; they are read in the loop's next turn.
    ///   - owner: held until the connection ends.
    package init(
        over bytes: ByteStream,
        early: [UInt8] = [],
        kind: Kind = .detect,
        limits: HTTPLimits = HTTPLimits(),
        owner: any HTTPServerConnectionOwner
    ) {
        self.bytes = bytes
        self.early = early
        self.kind = kind
        self.limits = limits
        self.owner = owner
        super.init(loop: bytes.loop)
        bytes.owner = self
        self.schedule()
    }

    /// How the peer broke HTTP/2, if it did: that ends the connection.
    package var http2Error: HTTP2Error? {
        guard case .http2(let carrier) = self.side else { return nil }
        return carrier.error
    }

    /// Streams under way.
    package var activeStreams: Int {
        switch self.side {
        case .undecided: 0
        case .http1(let server): server.activeStreams
        case .http2(let carrier): carrier.http2.activeStreams
        }
    }

    /// What the connection speaks; nil before that is known.
    package var version: HTTPVersion? {
        switch self.side {
        case .undecided: nil
        case .http1: .http11
        case .http2: .http2
        }
    }

    // MARK: Ending

    /// Takes no more requests than the peer could not yet know of, and closes when the last one is answered: `Connection:
    /// close` in HTTP/1.1, GOAWAY in HTTP/2.
    package func drain() {
        guard !self.isDraining else { return }
        self.isDraining = true
        switch self.side {
        case .undecided: break
        case .http1(let server): server.drain()
        case .http2(let carrier):
            carrier.http2.shutdownGracefully()
            carrier.push()
            self.closeWhenDrained(carrier)
        }
        self.awaited = nil
        self.boundWait()
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
        // What was answered before still leaves.
        self.bytes.close(isAbortive: self.activeStreams > 0)
    }

    private func closeWhenDrained(_ carrier: HTTP2Carrier) {
        if carrier.http2.isDrained, carrier.http2.activeStreams == 0 { self.bytes.close(isAbortive: false) }
    }

    // MARK: Turns and deadlines

    func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.loop.runAgain(self)
    }

    override package func again() {
        self.isScheduled = false
        guard self.owner != nil else { return }
        if case .undecided = self.side { self.begin() }
        switch self.side {
        case .undecided: break
        case .http1(let server): server.resume()
        case .http2(let carrier): if self.isDraining { self.closeWhenDrained(carrier) }
        }
    }

    private func begin() {
        switch self.kind {
        case .detect: break
        case .http1: self.serveHTTP1()
        case .http2: self.serveHTTP2()
        }
        let early = self.early
        self.early = []
        if early.isEmpty { self.boundWait() } else { early.withUnsafeBytes { self.receive($0) } }
        // Its former owner may have been told.
        if self.bytes.isReceiveEnded { self.receivedEnd() }
    }

    /// Sees to it that the connection waits for its peer no longer than it may.
    func boundWait() {
        let awaited: Awaited?
        switch self.side {
        case .undecided(let bytes): awaited = bytes.isEmpty ? .request : .head
        case .http1(let server):
            awaited =
                switch server.wait {
                case .request: .request
                case .head: .head
                case .departure: .departure
                case .response, .end: nil
                }
        case .http2(let carrier): awaited = carrier.http2.activeStreams == 0 ? .request : nil
        }
        guard awaited != self.awaited else { return }
        self.awaited = awaited
        self.loop.stop(self.deadline)
        let wait: UInt64 =
            switch awaited {
            case .request: self.isDraining ? self.limits.drainMilliseconds : self.limits.idleMilliseconds
            case .head: self.limits.headMilliseconds
            case .departure: self.limits.departureMilliseconds
            case nil: 0
            }
        if wait > 0 { self.loop.start(self.deadline, after: wait) }
    }

    override package func timerFired(_ timer: LoopTimer) {
        let awaited = self.awaited
        self.awaited = nil
        switch self.side {
        case .undecided: self.bytes.close(isAbortive: false)
        case .http1(let server):
            switch awaited {
            case .head: server.refuse(.headTimeout)
            case .departure: server.cutDeparted()
            case .request, nil: server.closeAtRest()
            }
        case .http2:
            if self.isDraining { self.close() } else { self.drain() }
        }
        if self.owner != nil { self.boundWait() }
    }

    // MARK: Versions

    private func receive(_ input: UnsafeRawBufferPointer) {
        switch self.side {
        case .undecided(var seen):
            seen.append(contentsOf: input)
            switch seen.withUnsafeBytes({ ProtocolSniffer.http2($0) }) {
            case .needsMore:
                self.side = .undecided(seen)
                return self.boundWait()
            case .http2: self.serveHTTP2()
            default: self.serveHTTP1()
            }
            seen.withUnsafeBytes { self.receive($0) }
        case .http1(let server): server.receive(input)
        case .http2(let carrier):
            carrier.receive(input)
            self.boundWait()
        }
    }

    private func receivedEnd() {
        guard !self.sawEnd else { return }
        self.sawEnd = true
        switch self.side {
        case .undecided: self.bytes.close(isAbortive: false)
        case .http1(let server): server.receivedEnd()
        // A peer that sends no more gives no more credit either.
        case .http2: self.bytes.close(isAbortive: false)
        }
    }

    private func serveHTTP1() {
        let server = HTTP1Server(over: self.bytes, limits: self.limits, owner: self)
        self.side = .http1(server)
        if self.isDraining { server.drain() }
    }

    private func serveHTTP2() {
        let carrier = HTTP2Carrier(.server, over: self.bytes, limits: self.limits, owner: self)
        self.side = .http2(carrier)
        guard self.isDraining else { return }
        carrier.http2.shutdownGracefully()
        carrier.push()
    }
}

extension HTTPServerConnection: ByteStreamOwner {
    package func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        // What the owner held of the stream comes first.
        if self.isScheduled, case .undecided = self.side { self.begin() }
        self.receive(bytes)
    }

    package func byteStreamReceivedEnd(_ stream: ByteStream) {
        if case .undecided = self.side, self.isScheduled { self.begin() }
        self.receivedEnd()
    }

    package func byteStreamCanSend(_ stream: ByteStream) {
        switch self.side {
        case .undecided: break
        case .http1(let server): server.canSend()
        case .http2(let carrier): carrier.canSend()
        }
    }

    package func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {
        self.loop.stop(self.deadline)
        switch self.side {
        case .undecided: break
        case .http1(let server): server.ended(outcome)
        case .http2(let carrier): carrier.ended(outcome)
        }
        let owner = self.owner
        self.owner = nil
        owner?.connectionEnded(self, outcome)
    }
}
