// Arriving header blocks (RFC 9113 §6.2, §8): requests, responses, trailers.
extension HTTP2Connection {
    func headersArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        typealias Flag = HTTP2FrameHeader.Flag
        let frame = self.frame
        var start = 0
        var padding = 0
        if frame.has(Flag.padded) {
            guard let length = payload.first else { throw HTTP2Error(.frameSizeError, .frameLengthWrong) }
            padding = Int(length)
            start = 1
        }
        if frame.has(Flag.priority) {
            guard payload.count >= start + 5 else { throw HTTP2Error(.frameSizeError, .frameLengthWrong) }
            // Priorities have no meaning any more (RFC 9113 §5.3.2).
            start += 5
        }
        guard padding <= payload.count - start else { throw HTTP2Error(.protocolError, .paddingTooLong) }
        let block = UnsafeRawBufferPointer(rebasing: payload[start..<payload.count - padding])
        guard block.count <= self.limits.headerBlockBytes else {
            throw HTTP2Error(.enhanceYourCalm, .headerBlockTooLarge)
        }
        let endStream = frame.has(Flag.endStream)
        if frame.has(Flag.endHeaders) {
            try self.headerBlockArrived(block, frame.streamID, endStream: endStream)
        } else {
            self.assembly = Array(block)
            self.continuation = HTTP2Continuation(streamID: frame.streamID, endStream: endStream)
        }
    }

    /// Decodes a block, always, as the compression table needs it, and then finds out whom it is for.
    func headerBlockArrived(
        _ block: UnsafeRawBufferPointer,
        _ streamID: UInt32,
        endStream: Bool
    ) throws(HTTP2Error) {
        let headers = try self.decoder.decode(block)
        if let stream = self.streams.find(streamID) {
            if stream.isReceiveClosed {
                try self.failStream(stream, HTTP2Error(.streamClosed, .frameOnClosedStream))
            } else if self.role == .client, !stream.isAnswered {
                try self.responseArrived(stream, headers, endStream: endStream)
            } else {
                try self.trailersArrived(stream, headers, endStream: endStream)
            }
            return
        }
        guard streamID % 2 == 1 else { throw HTTP2Error(.protocolError, .streamIDInvalid) }
        if self.isIdle(streamID) {
            guard self.role == .server else { throw HTTP2Error(.protocolError, .frameOnIdleStream) }
            try self.requestArrived(streamID, headers, endStream: endStream)
            return
        }
        guard !self.isIgnored(streamID) else { return }
        switch self.closedStreams.ending(of: streamID) {
        case .ended: throw HTTP2Error(.streamClosed, .frameOnClosedStream)
        case .resetByPeer, .resetByUs: try self.refuse(streamID, .streamClosed)
        // Identifiers must rise, so this one was passed over. Those that we chose ourselves were all used.
        case nil where self.role == .server: throw HTTP2Error(.protocolError, .streamIDInvalid)
        case nil: try self.refuse(streamID, .streamClosed)
        }
    }

    private func requestArrived(_ id: UInt32, _ headers: [HTTP2Header], endStream: Bool) throws(HTTP2Error) {
        self.lastPeerStreamID = id
        // The peer learns from our GOAWAY that this stream never was.
        if let last = self.sentGoAwayID, id > last { return }
        let request: HTTP2HeaderRules.Request
        switch HTTP2HeaderRules.checkRequest(headers, allowsExtendedConnect: self.limits.allowsExtendedConnect) {
        case .success(let valid): request = valid
        case .failure(let fault):
            try self.refuse(id, fault.code)
            return
        }
        guard self.streams.count < self.limits.concurrentStreams, let owner = self.owner else {
            try self.refuse(id, .refusedStream)
            return
        }
        let stream = self.makeStream(id: id)
        stream.isTunnel = request.isConnect
        stream.isReceiveClosed = endStream
        owner.connectionOpenedStream(stream, headers: headers, endStream: endStream)
    }

    private func responseArrived(
        _ stream: HTTP2Stream,
        _ headers: [HTTP2Header],
        endStream: Bool
    ) throws(HTTP2Error) {
        switch HTTP2HeaderRules.checkResponse(headers) {
        case .failure(let fault):
            try self.failStream(stream, fault)
        case .success(let status) where status < 200:
            try self.flood.controlFrame()
            guard !endStream else {
                try self.failStream(stream, HTTP2Error(.protocolError, .trailersInvalid))
                return
            }
            stream.owner?.streamHeaders(stream, headers, endStream: false)
        case .success(let status):
            stream.isAnswered = true
            // A refused CONNECT is an ordinary answer and may have a body and trailers.
            if !(200..<300).contains(status) { stream.isTunnel = false }
            self.deliverHeaders(stream, headers, endStream: endStream)
        }
    }

    /// Trailers end their stream; a tunnel has none (RFC 9113 §8.1, §8.5).
    private func trailersArrived(
        _ stream: HTTP2Stream,
        _ headers: [HTTP2Header],
        endStream: Bool
    ) throws(HTTP2Error) {
        if let fault = HTTP2HeaderRules.checkTrailers(headers) {
            try self.failStream(stream, fault)
        } else if !endStream || stream.isTunnel {
            try self.failStream(stream, HTTP2Error(.protocolError, .trailersInvalid))
        } else {
            self.deliverHeaders(stream, headers, endStream: true)
        }
    }

    private func deliverHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        if endStream { stream.isReceiveClosed = true }
        stream.owner?.streamHeaders(stream, headers, endStream: endStream)
        if endStream, stream.isSendClosed { self.closeEnded(stream) }
    }

    // MARK: Streams that are not open

    /// Nobody has opened that stream yet.
    func isIdle(_ id: UInt32) -> Bool {
        guard id % 2 == 1 else { return true }
        return self.role == .server ? id > self.lastPeerStreamID : id >= self.nextStreamID
    }

    /// Frames for that stream may still be under way: we reset it, or said in GOAWAY that we ignore it.
    func isIgnored(_ id: UInt32) -> Bool {
        if let last = self.sentGoAwayID, self.role == .server, id > last { return true }
        return self.closedStreams.ending(of: id) == .resetByUs
    }

    // MARK: Stream errors

    /// Resets an open stream for what the peer sent on it.
    func failStream(_ stream: HTTP2Stream, _ fault: HTTP2Error) throws(HTTP2Error) {
        self.queueReset(stream.id, fault.code)
        stream.failure = fault.reason
        let owner = self.close(stream, .resetByUs)
        owner?.streamReset(stream, code: fault.code, byPeer: false)
        self.owner?.connectionCapacityChanged()
        try self.flood.streamError()
    }

    /// Resets an open stream for what the peer sent on it, found by its owner: it counts like what is found here, and
    /// the owner hears no more of the stream.
    package func refuse(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard !stream.isClosed, !self.isFailed else { return }
        self.reset(stream, code)
        do throws(HTTP2Error) {
            try self.flood.streamError()
        } catch {
            self.fail(error)
        }
    }

    /// Resets a stream that is not open.
    func refuse(_ id: UInt32, _ code: HTTP2ErrorCode) throws(HTTP2Error) {
        self.queueReset(id, code)
        self.closedStreams.remember(id, .resetByUs)
        try self.flood.streamError()
    }
}
