// Starting, ending and keeping alive; the frames that do it.
extension HTTP2Connection {
    /// The opaque value of the PING that times a graceful shutdown.
    private static let drainPing: UInt64 = 0x7475_6c6c_652d_6472

    /// Queues what comes first: a client's preface, SETTINGS, and the connection's window.
    package func start() {
        guard !self.isStarted else { return }
        self.isStarted = true
        typealias Setting = HTTP2FrameHeader.Setting
        var settings: [(UInt16, Int)] = []
        switch self.role {
        case .client:
            HTTP2Preface.bytes.withUTF8Buffer { self.output.append(UnsafeRawBufferPointer($0)) }
            settings.append((Setting.enablePush, 0))
        case .server:
            settings.append((Setting.maxConcurrentStreams, self.limits.concurrentStreams))
            if self.limits.allowsExtendedConnect { settings.append((Setting.enableConnectProtocol, 1)) }
        }
        settings.append((Setting.initialWindowSize, self.limits.streamWindow))
        settings.append((Setting.maxFrameSize, self.limits.maxFrameBytes))
        settings.append((Setting.maxHeaderListSize, self.limits.headerListBytes))
        self.output.append(HTTP2FrameHeader(length: settings.count * 6, type: .settings, streamID: 0))
        for (name, value) in settings {
            self.output.append(bigEndian: name)
            self.output.append(bigEndian: UInt32(clamping: value))
        }
        self.unansweredSettings += 1
        let more = self.limits.connectionWindow - HTTP2Window.initial
        if more > 0 {
            self.queueWindowUpdate(0, more)
            self.receiveWindow += more
        }
    }

    /// Queues a PING; its answer comes as ``HTTP2ConnectionOwner/connectionReceivedPong(_:)``.
    package func ping(_ opaque: UInt64) {
        guard !self.isFailed else { return }
        self.unansweredPings += 1
        self.queuePing(opaque, ack: false)
    }

    /// Queues GOAWAY. With `noError` open streams go on and new ones are ignored; any other code ends the connection
    /// at once, like an error of the peer.
    package func goAway(_ code: HTTP2ErrorCode, debug: String) {
        guard !self.isFailed else { return }
        if code == .noError {
            self.queueGoAway(self.lastPeerStreamID, code, debug: debug)
            self.sentGoAwayID = min(self.lastPeerStreamID, self.sentGoAwayID ?? 0x7fff_ffff)
        } else {
            self.fail(HTTP2Error(code, .closedLocally), debug: debug)
        }
    }

    /// Asks the peer to open no more streams, without losing those under way.
    ///
    /// A server first says so without naming a stream, and names the last one a round trip later. The owner closes
    /// the transport when ``activeStreams`` is 0, or at its deadline.
    package func shutdownGracefully() {
        guard !self.isFailed, self.sentGoAwayID == nil else { return }
        guard self.role == .server else {
            self.goAway(.noError, debug: "")
            return
        }
        self.sentGoAwayID = 0x7fff_ffff
        self.queueGoAway(0x7fff_ffff, .noError, debug: "")
        self.queuePing(Self.drainPing, ack: false)
    }

    /// Whether a graceful shutdown is past the point up to which the peer may not know of it.
    package var isDrained: Bool { self.sentGoAwayID.map { $0 != 0x7fff_ffff } ?? false }

    /// The transport is gone: every stream is reset with `code`, nothing is queued.
    package func transportClosed(_ code: HTTP2ErrorCode = .connectError) {
        guard !self.isFailed else { return }
        self.end(HTTP2Error(code, .transportClosed), byPeer: true)
    }

    /// Fails the connection: GOAWAY is queued, every stream is reset.
    func fail(_ error: HTTP2Error, debug: String? = nil) {
        guard !self.isFailed else { return }
        self.queueGoAway(self.lastPeerStreamID, error.code, debug: debug ?? error.reason.rawValue)
        self.end(error, byPeer: false)
    }

    private func end(_ error: HTTP2Error, byPeer: Bool) {
        self.failure = error
        self.dataStream = nil
        self.assembly = []
        self.blocked = []
        let streams = self.streams.all
        self.streams.removeAll()
        var owners: [(any HTTP2StreamOwner)?] = []
        // All are closed before the first owner hears of it, so that none can use another.
        for stream in streams {
            stream.failure = error.reason
            stream.waiting = .notAtAll
            owners.append(self.close(stream, .resetByUs))
        }
        for (stream, owner) in zip(streams, owners) {
            owner?.streamReset(stream, code: error.code, byPeer: byPeer)
        }
    }

    /// The PING of a graceful shutdown came back: whatever the peer sent before it knew has arrived.
    func drainPingAnswered(_ opaque: UInt64) -> Bool {
        guard opaque == Self.drainPing, self.sentGoAwayID == 0x7fff_ffff else { return false }
        self.sentGoAwayID = self.lastPeerStreamID
        self.queueGoAway(self.lastPeerStreamID, .noError, debug: "")
        self.owner?.connectionCapacityChanged()
        return true
    }

    // MARK: Queueing frames

    func queueHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        typealias Flag = HTTP2FrameHeader.Flag
        let start = self.output.count
        self.output.append(HTTP2FrameHeader(length: 0, type: .headers, streamID: stream.id))
        self.encoder.encode(headers, into: self.output)
        let block = self.output.count - start - HTTP2FrameHeader.byteCount
        let first = min(block, self.peerMaxFrame)
        var flags = endStream ? Flag.endStream : 0
        if block == first { flags |= Flag.endHeaders }
        let header = HTTP2FrameHeader(length: first, type: .headers, flags: flags, streamID: stream.id)
        self.output.withLast(self.output.count - start) { bytes in
            if let base = bytes.baseAddress { header.write(to: base) }
        }
        if block > first { self.continueHeaders(stream, block: block, first: first) }
    }

    /// Cuts what is over the first frame's length into CONTINUATION frames.
    private func continueHeaders(_ stream: HTTP2Stream, block: Int, first: Int) {
        var rest: [UInt8] = []
        self.output.withLast(block - first) { rest = Array($0) }
        self.output.dropLast(block - first)
        var offset = 0
        while offset < rest.count {
            let length = min(rest.count - offset, self.peerMaxFrame)
            let isLast = offset + length == rest.count
            self.output.append(
                HTTP2FrameHeader(
                    length: length,
                    type: .continuation,
                    flags: isLast ? HTTP2FrameHeader.Flag.endHeaders : 0,
                    streamID: stream.id
                )
            )
            rest[offset..<offset + length].withUnsafeBytes { self.output.append($0) }
            offset += length
        }
    }

    func queueReset(_ streamID: UInt32, _ code: HTTP2ErrorCode) {
        self.queueControl(HTTP2FrameHeader(length: 4, type: .rstStream, streamID: streamID))
        self.output.append(bigEndian: code.rawValue)
    }

    func queueWindowUpdate(_ streamID: UInt32, _ increment: Int) {
        self.queueControl(HTTP2FrameHeader(length: 4, type: .windowUpdate, streamID: streamID))
        self.output.append(bigEndian: UInt32(clamping: increment))
    }

    func queuePing(_ opaque: UInt64, ack: Bool) {
        let flags = ack ? HTTP2FrameHeader.Flag.ack : 0
        self.queueControl(HTTP2FrameHeader(length: 8, type: .ping, flags: flags, streamID: 0))
        self.output.append(bigEndian: opaque)
    }

    func queueSettingsAck() {
        self.queueControl(
            HTTP2FrameHeader(length: 0, type: .settings, flags: HTTP2FrameHeader.Flag.ack, streamID: 0)
        )
    }

    /// Debug data is cut at 256 bytes.
    private func queueGoAway(_ lastStreamID: UInt32, _ code: HTTP2ErrorCode, debug: String) {
        let text = debug.utf8.prefix(256)
        // What was said once must not be raised (RFC 9113 §6.8).
        let lastStreamID = min(lastStreamID, self.sentGoAwayID ?? 0x7fff_ffff)
        self.queueControl(HTTP2FrameHeader(length: 8 + text.count, type: .goAway, streamID: 0))
        self.output.append(bigEndian: lastStreamID)
        self.output.append(bigEndian: code.rawValue)
        for byte in text { self.output.append(byte) }
    }

    private func queueControl(_ header: HTTP2FrameHeader) {
        self.answers.queue(HTTP2FrameHeader.byteCount + header.length, in: self.output)
        self.output.append(header)
    }
}
