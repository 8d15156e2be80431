import BoringTLS

extension Link {
    /// Whether another stream may be opened now.
    package var canOpenStream: Bool { self.state == .open && self.http2.canOpenStream && !self.isPeerExpired }

    /// Streams in use.
    package var activeStreams: Int { self.http2.activeStreams }

    /// Opens a stream; nil when the peer takes no more.
    package func openStream(headers: [HTTP2Header], endStream: Bool, owner: any HTTP2StreamOwner) -> HTTP2Stream? {
        guard self.state == .open, !self.isPeerExpired else { return nil }
        defer { self.queueFlush() }
        return self.http2.openStream(headers: headers, endStream: endStream, owner: owner)
    }

    /// Sends response headers or trailers; false when the list is invalid or larger than the peer takes.
    @discardableResult
    package func sendHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) -> Bool {
        guard self.state != .closed else { return false }
        defer { self.queueFlush() }
        return self.http2.sendHeaders(stream, headers, endStream: endStream)
    }

    /// What ended HTTP/2, if it failed.
    var http2Error: HTTP2Error? { self.http2.failure }

    /// How many bytes the stream may send now; 0 promises `linkDrained` or `streamWindowOpened` on `end` later.
    func sendCapacity(_ stream: HTTP2Stream, for end: StreamEnd?) -> Int {
        guard self.state != .closed, !stream.isSendClosed else { return 0 }
        if self.outputCount >= self.limits.outputHighBytes {
            if let end, !self.waiting.contains(where: { $0 === end }) { self.waiting.append(end) }
            return 0
        }
        // One step never takes more than the bound on output foresees, whatever frame size the peer allows.
        return min(self.http2.sendCapacity(stream), LoopScratch.relayBytes)
    }

    /// Sends bytes of the stream, at most what `sendCapacity` allowed.
    ///
    /// Bytes in `LoopScratch.relay` get their frame header written before them in place.
    package func sendData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        guard self.state != .closed, !stream.isSendClosed, let start = bytes.baseAddress, bytes.count > 0 else {
            return
        }
        if bytes.count <= self.limits.coalesceBytes {
            self.queue(stream, bytes)
            return self.queueFlush()
        }
        self.encryptControl()
        guard self.state != .closed else { return }
        if start == UnsafeRawPointer(self.loop.scratch.relay.baseAddress), self.http2.output.isEmpty {
            let frame = UnsafeMutableRawPointer(mutating: start) - HTTP2FrameHeader.byteCount
            guard self.http2.writeDataHeader(stream, length: bytes.count, endStream: false, into: frame) else {
                return self.breakOff(stream)
            }
            self.encrypt(UnsafeRawBufferPointer(start: frame, count: HTTP2FrameHeader.byteCount + bytes.count))
        } else {
            self.queue(stream, bytes)
        }
        if self.outputCount >= self.limits.flushAtBytes, !self.isBlocked {
            self.sendOutput()
        }
        if self.outputCount > 0 { self.queueFlush() }
    }

    func queue(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        if !self.http2.queueData(stream, bytes) { self.breakOff(stream) }
    }

    /// More was sent than `sendCapacity` allowed: a fault of ours that must not stay silent.
    func breakOff(_ stream: HTTP2Stream) {
        let owner = stream.owner
        self.http2.reset(stream, .flowControlError)
        self.queueFlush()
        owner?.streamReset(stream, code: .flowControlError, byPeer: false)
    }

    func encrypt(_ frame: UnsafeRawBufferPointer) {
        switch self.tls.write(frame) {
        case .written: break
        case .wouldOverflow:
            self.failLater(.tls(TLSError(.bufferOverflow, "the TLS output is full in the middle of a frame")))
        case .failed: self.failLater(self.tlsError)
        }
    }

    /// Ends the stream's sending side after what was sent before.
    package func finish(_ stream: HTTP2Stream) {
        guard self.state != .closed else { return }
        self.http2.finish(stream)
        self.queueFlush()
    }

    /// Resets the stream.
    package func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard self.state != .closed else { return }
        self.http2.reset(stream, code)
        self.queueFlush()
    }

    /// Grants the peer credit for bytes that have left the process.
    package func consumed(_ stream: HTTP2Stream, _ count: Int) {
        guard self.state != .closed else { return }
        self.http2.consumed(stream, count)
        if !self.http2.output.isEmpty { self.queueFlush() }
    }
}
