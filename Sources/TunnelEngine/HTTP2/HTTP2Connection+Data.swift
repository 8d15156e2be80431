// Arriving DATA (RFC 9113 §6.1): windows are debited when its header arrives, payload goes straight to the owner.
extension HTTP2Connection {
    func beginData() throws(HTTP2Error) {
        let frame = self.frame
        guard frame.streamID != 0 else { throw HTTP2Error(.protocolError, .frameOnStreamZero) }
        let isPadded = frame.has(HTTP2FrameHeader.Flag.padded)
        guard !isPadded || frame.length > 0 else { throw HTTP2Error(.frameSizeError, .frameLengthWrong) }
        // Padding counts too, and so does what is dropped.
        guard frame.length <= self.receiveWindow else { throw HTTP2Error(.flowControlError, .windowExceeded) }
        self.receiveWindow -= frame.length
        guard let stream = self.streams.find(frame.streamID) else {
            try self.dropData()
            return
        }
        if let fault = self.dataFault(stream) {
            self.creditConnection(frame.length)
            self.skip(frame.length)
            try self.failStream(stream, fault)
            return
        }
        stream.receiveWindow -= frame.length
        self.dataStream = stream
        if isPadded {
            self.phase = .padLength
            self.remaining = frame.length
        } else {
            try self.beginPayload()
        }
    }

    /// Why this frame is not for this stream, if it is not.
    private func dataFault(_ stream: HTTP2Stream) -> HTTP2Error? {
        if stream.isReceiveClosed { return HTTP2Error(.streamClosed, .frameOnClosedStream) }
        if self.role == .client, !stream.isAnswered { return HTTP2Error(.protocolError, .dataBeforeHeaders) }
        if self.frame.length > stream.receiveWindow { return HTTP2Error(.flowControlError, .windowExceeded) }
        return nil
    }

    /// The length of the padding is known: the rest of the frame is padding and one byte shorter.
    func beginPayload(padding: Int) throws(HTTP2Error) {
        self.remaining -= 1
        guard padding <= self.remaining else { throw HTTP2Error(.protocolError, .paddingTooLong) }
        self.padding = padding
        self.remaining -= padding
        // Nobody consumes padding, so it is free again at once.
        if let stream = self.dataStream {
            stream.heldBytes += padding + 1
            self.consumed(stream, padding + 1)
        }
        try self.beginPayload()
    }

    @inline(__always)
    private func beginPayload() throws(HTTP2Error) {
        if !self.frame.has(HTTP2FrameHeader.Flag.padded) {
            self.remaining = self.frame.length
            self.padding = 0
        }
        guard let stream = self.dataStream else { return }
        if self.remaining == 0 {
            guard self.frame.has(HTTP2FrameHeader.Flag.endStream) else {
                self.dataStream = nil
                self.skip(self.padding)
                try self.flood.emptyDataFrame()
                return
            }
            self.deliver(UnsafeRawBufferPointer(start: nil, count: 0))
            return
        }
        let splintered = stream.lastRead == self.readCount
        stream.lastRead = self.readCount
        try self.flood.dataFrame(bytes: self.remaining, splintered: splintered)
        self.phase = .data
    }

    /// Hands on the next piece of payload; the frame's last piece also ends the stream if the frame does.
    @inline(__always)
    func deliver(_ chunk: UnsafeRawBufferPointer) {
        guard let stream = self.dataStream else { return }
        var ends = false
        if self.remaining == 0 {
            ends = self.frame.has(HTTP2FrameHeader.Flag.endStream)
            self.dataStream = nil
            self.skip(self.padding)
        }
        guard !stream.isClosed else {
            // Reset by its owner in mid-frame.
            self.creditConnection(chunk.count)
            return
        }
        stream.heldBytes += chunk.count
        if ends { stream.isReceiveClosed = true }
        if let owner = stream.owner {
            owner.streamData(stream, chunk, endStream: ends)
        } else {
            self.consumed(stream, chunk.count)
        }
        if ends, stream.isSendClosed { self.closeEnded(stream) }
    }

    /// DATA for a stream that is not open.
    private func dropData() throws(HTTP2Error) {
        let frame = self.frame
        guard !self.isIdle(frame.streamID) else { throw HTTP2Error(.protocolError, .frameOnIdleStream) }
        self.creditConnection(frame.length)
        self.skip(frame.length)
        if self.isIgnored(frame.streamID) {
            // Sent before the peer knew; a flood of small frames is bounded all the same.
            try self.flood.dataFrame(bytes: frame.length, splintered: true)
            return
        }
        if self.closedStreams.ending(of: frame.streamID) == .ended {
            throw HTTP2Error(.streamClosed, .frameOnClosedStream)
        }
        try self.refuse(frame.streamID, .streamClosed)
    }
}
