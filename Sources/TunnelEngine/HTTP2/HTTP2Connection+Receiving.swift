// Reading: bytes into frames. DATA is handed on as it arrives, everything else is handled when its frame is whole.
extension HTTP2Connection {
    /// Takes the next bytes from the transport, cut anywhere. `now` is in milliseconds and counts from any start.
    ///
    /// Nil while all is well. An error has ended the connection: GOAWAY is the last thing in ``output``, every stream
    /// was reset; the owner sends what it can and closes. Later calls give the same error.
    package func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) -> HTTP2Error? {
        if let failure { return failure }
        guard !self.isReceiving else { return HTTP2Error(.internalError, .reentrantReceive) }
        self.isReceiving = true
        self.readCount &+= 1
        self.flood.advance(to: now)
        do throws(HTTP2Error) {
            try self.parse(bytes)
        } catch {
            self.fail(error)
        }
        self.isReceiving = false
        return self.failure
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) {
        var at = 0
        let end = bytes.count
        while at < end, !self.isFailed {
            switch self.phase {
            case .frameHeader:
                if self.headCount == 0, end - at >= HTTP2FrameHeader.byteCount {
                    self.frame = HTTP2FrameHeader(bytes, at: at)
                    at += HTTP2FrameHeader.byteCount
                } else if self.headCount < HTTP2FrameHeader.byteCount - 1 {
                    self.headBytes = self.headBytes << 8 | UInt64(bytes[at])
                    self.headCount += 1
                    at += 1
                    continue
                } else {
                    self.frame = HTTP2FrameHeader(head: self.headBytes, last: bytes[at])
                    self.headCount = 0
                    at += 1
                }
                try self.beginFrame()
            case .data:
                let count = min(self.remaining, end - at)
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
                at += count
                self.remaining -= count
                self.deliver(chunk)
            case .padLength:
                let length = Int(bytes[at])
                at += 1
                try self.beginPayload(padding: length)
            case .skip:
                let count = min(self.remaining, end - at)
                at += count
                self.remaining -= count
                if self.remaining == 0 { self.phase = .frameHeader }
            case .payload:
                let count = min(self.remaining, end - at)
                let piece = UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
                at += count
                try self.collect(piece)
            case .preface:
                try self.matchPreface(bytes[at])
                at += 1
            }
        }
    }

    private func matchPreface(_ byte: UInt8) throws(HTTP2Error) {
        let position = HTTP2Preface.bytes.utf8CodeUnitCount - self.remaining
        let expected = HTTP2Preface.bytes.withUTF8Buffer { $0[position] }
        guard byte == expected else { throw HTTP2Error(.protocolError, .badPreface) }
        self.remaining -= 1
        if self.remaining == 0 { self.phase = .frameHeader }
    }

    // MARK: Frames

    /// Looks at a frame header and decides how to read what follows.
    private func beginFrame() throws(HTTP2Error) {
        let frame = self.frame
        guard frame.length <= self.limits.maxFrameBytes else { throw HTTP2Error(.frameSizeError, .frameTooLarge) }
        if frame.type == HTTP2FrameHeader.FrameType.data.rawValue, self.hasPeerSettings, self.continuation == nil {
            try self.beginData()
            return
        }
        let type = HTTP2FrameHeader.FrameType(rawValue: frame.type)
        if let continuation {
            guard type == .continuation, frame.streamID == continuation.streamID else {
                throw HTTP2Error(.protocolError, .continuationExpected)
            }
        } else if !self.hasPeerSettings {
            guard type == .settings, !frame.has(HTTP2FrameHeader.Flag.ack) else {
                throw HTTP2Error(.protocolError, .firstFrameNotSettings)
            }
        }
        guard let type else {
            try self.flood.unknownFrame()
            self.skip(frame.length)
            return
        }
        try self.checkHeader(frame, type)
        // Of GOAWAY only the fixed part is kept; debug data is skipped.
        self.remaining = type == .goAway ? 8 : frame.length
        self.phase = .payload
        if self.remaining == 0 { try self.collect(UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    func skip(_ count: Int) {
        self.remaining = count
        self.phase = count > 0 ? .skip : .frameHeader
    }

    /// What the header alone tells: lengths and stream numbers that cannot be (RFC 9113 §6).
    private func checkHeader(_ frame: HTTP2FrameHeader, _ type: HTTP2FrameHeader.FrameType) throws(HTTP2Error) {
        let length = frame.length
        let isLengthRight: Bool
        let isForConnection: Bool?
        switch type {
        case .data, .headers, .continuation:
            (isLengthRight, isForConnection) = (true, false)
        case .pushPromise:
            throw HTTP2Error(.protocolError, .pushPromiseRefused)
        case .priority:
            (isLengthRight, isForConnection) = (length == 5, false)
        case .rstStream:
            (isLengthRight, isForConnection) = (length == 4, false)
        case .settings:
            let isAck = frame.has(HTTP2FrameHeader.Flag.ack)
            (isLengthRight, isForConnection) = (isAck ? length == 0 : length % 6 == 0, true)
        case .ping:
            (isLengthRight, isForConnection) = (length == 8, true)
        case .goAway:
            (isLengthRight, isForConnection) = (length >= 8, true)
        case .windowUpdate:
            (isLengthRight, isForConnection) = (length == 4, nil)
        }
        if let isForConnection, isForConnection != (frame.streamID == 0) {
            throw HTTP2Error(.protocolError, isForConnection ? .frameNotOnStreamZero : .frameOnStreamZero)
        }
        guard isLengthRight else { throw HTTP2Error(.frameSizeError, .frameLengthWrong) }
        switch type {
        case .settings where length / 6 > self.limits.settingsEntries:
            throw HTTP2Error(.enhanceYourCalm, .controlFlood)
        case .headers:
            // Padding and priority add at most 261 bytes to the block.
            guard length <= self.limits.headerBlockBytes + 261 else {
                throw HTTP2Error(.enhanceYourCalm, .headerBlockTooLarge)
            }
        case .continuation:
            guard self.continuation != nil else { throw HTTP2Error(.protocolError, .continuationUnexpected) }
            guard self.assembly.count + length <= self.limits.headerBlockBytes else {
                throw HTTP2Error(.enhanceYourCalm, .headerBlockTooLarge)
            }
        default:
            break
        }
    }

    /// Gathers a payload. One that is whole in the caller's buffer is handled there, without a copy.
    private func collect(_ piece: UnsafeRawBufferPointer) throws(HTTP2Error) {
        self.remaining -= piece.count
        if self.continuation != nil {
            // A header block in several frames: fragments gather until END_HEADERS.
            self.assembly.append(contentsOf: piece)
            if self.remaining == 0 {
                self.payloadRead()
                try self.continuationEnded()
            }
        } else if self.remaining > 0 {
            self.assembly.append(contentsOf: piece)
        } else if self.assembly.isEmpty {
            self.payloadRead()
            try self.frameArrived(piece)
        } else {
            self.assembly.append(contentsOf: piece)
            let whole = self.assembly
            self.assembly = []
            self.payloadRead()
            try self.frameArrived(whole)
        }
        if self.answers.bytes > self.limits.pendingControlBytes { throw HTTP2Error(.enhanceYourCalm, .outputFlood) }
    }

    /// The next byte belongs to the next frame, or to what GOAWAY carries behind its fixed part.
    private func payloadRead() {
        let isGoAway = self.frame.type == HTTP2FrameHeader.FrameType.goAway.rawValue
        self.skip(isGoAway ? self.frame.length - 8 : 0)
    }

    private func frameArrived(_ payload: [UInt8]) throws(HTTP2Error) {
        var fault: HTTP2Error?
        payload.withUnsafeBytes { bytes in
            do throws(HTTP2Error) { try self.frameArrived(bytes) } catch { fault = error }
        }
        if let fault { throw fault }
    }

    private func frameArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        switch HTTP2FrameHeader.FrameType(rawValue: self.frame.type) {
        case .headers: try self.headersArrived(payload)
        case .priority: try self.priorityArrived(payload)
        case .rstStream: try self.resetArrived(payload)
        case .settings: try self.settingsArrived(payload)
        case .ping: try self.pingArrived(payload)
        case .goAway: try self.goAwayArrived(payload)
        case .windowUpdate: try self.windowUpdateArrived(payload)
        case .data, .pushPromise, .continuation, nil: break
        }
    }

    private func continuationEnded() throws(HTTP2Error) {
        guard var continuation else { return }
        continuation.frames += 1
        guard continuation.frames <= self.limits.continuationFrames else {
            throw HTTP2Error(.enhanceYourCalm, .continuationFlood)
        }
        guard self.frame.has(HTTP2FrameHeader.Flag.endHeaders) else {
            self.continuation = continuation
            return
        }
        self.continuation = nil
        let block = self.assembly
        self.assembly = []
        var fault: HTTP2Error?
        block.withUnsafeBytes { bytes in
            do throws(HTTP2Error) {
                try self.headerBlockArrived(bytes, continuation.streamID, endStream: continuation.endStream)
            } catch { fault = error }
        }
        if let fault { throw fault }
    }
}
