// Arriving control frames; their lengths and stream numbers were checked with their headers.
extension HTTP2Connection {
    // MARK: PRIORITY and RST_STREAM

    func priorityArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        try self.flood.controlFrame()
        // RFC 9113 §5.3.2 deprecates priorities: they are read and forgotten.
    }

    func resetArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        let id = self.frame.streamID
        guard !self.isIdle(id) else { throw HTTP2Error(.protocolError, .frameOnIdleStream) }
        guard let stream = self.streams.find(id) else {
            try self.flood.controlFrame()
            return
        }
        let isWasted = self.role == .server && !stream.isAnswered
        stream.failure = .peerReset
        let owner = self.close(stream, .resetByPeer)
        owner?.streamReset(stream, code: HTTP2ErrorCode(wire: Self.word(payload, at: 0)), byPeer: true)
        self.owner?.connectionCapacityChanged()
        if isWasted { try self.flood.unansweredReset() }
    }

    // MARK: SETTINGS

    func settingsArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        if self.frame.has(HTTP2FrameHeader.Flag.ack) {
            if self.unansweredSettings > 0 {
                self.unansweredSettings -= 1
            } else {
                try self.flood.controlFrame()
            }
            return
        }
        try self.flood.controlFrame()
        let isFirst = !self.hasPeerSettings
        self.hasPeerSettings = true
        // No limit unless the peer says so.
        if isFirst { self.peerMaxConcurrentStreams = Int(UInt32.max) }
        let before = self.peerMaxConcurrentStreams
        var window = self.peerInitialWindow
        for offset in stride(from: 0, to: payload.count - 5, by: 6) {
            let name = UInt16(bigEndian: payload.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            try self.apply(name, Self.word(payload, at: offset + 2), &window)
        }
        let grew = window > self.peerInitialWindow
        try self.setPeerInitialWindow(window)
        self.queueSettingsAck()
        if grew {
            for stream in self.streams.all where !self.isFailed { self.streamWindowGrew(stream) }
        }
        self.owner?.connectionReceivedSettings()
        if before != self.peerMaxConcurrentStreams || isFirst { self.owner?.connectionCapacityChanged() }
    }

    private func apply(_ name: UInt16, _ value: UInt32, _ window: inout Int) throws(HTTP2Error) {
        typealias Setting = HTTP2FrameHeader.Setting
        switch name {
        case Setting.headerTableSize:
            self.encoder.setPeerTableSize(value)
        case Setting.enablePush:
            // A server may say only that it does not push.
            guard value == 0 || (value == 1 && self.role == .server) else {
                throw HTTP2Error(.protocolError, .settingInvalid)
            }
        case Setting.maxConcurrentStreams:
            self.peerMaxConcurrentStreams = Int(value)
        case Setting.initialWindowSize:
            guard value <= UInt32(HTTP2Window.maximum) else {
                throw HTTP2Error(.flowControlError, .initialWindowInvalid)
            }
            window = Int(value)
        case Setting.maxFrameSize:
            guard (UInt32(HTTP2FrameHeader.defaultMaxLength)..<1 << 24).contains(value) else {
                throw HTTP2Error(.protocolError, .settingInvalid)
            }
            self.peerMaxFrame = Int(value)
        case Setting.maxHeaderListSize:
            self.peerMaxHeaderList = Int(value)
        case Setting.enableConnectProtocol:
            // What was allowed once stays allowed (RFC 8441 §3).
            guard value <= 1, value == 1 || !self.peerAllowsExtendedConnect else {
                throw HTTP2Error(.protocolError, .settingInvalid)
            }
            self.peerAllowsExtendedConnect = value == 1
        default:
            break
        }
    }

    /// Moves every open stream's window by the difference; it may become negative (RFC 9113 §6.9.2).
    private func setPeerInitialWindow(_ window: Int) throws(HTTP2Error) {
        let difference = window - self.peerInitialWindow
        guard difference != 0 else { return }
        self.peerInitialWindow = window
        for stream in self.streams.all {
            guard stream.sendWindow + difference <= HTTP2Window.maximum else {
                throw HTTP2Error(.flowControlError, .windowOverflow)
            }
            stream.sendWindow += difference
        }
    }

    // MARK: PING and GOAWAY

    func pingArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        let opaque = UInt64(bigEndian: payload.loadUnaligned(as: UInt64.self))
        guard self.frame.has(HTTP2FrameHeader.Flag.ack) else {
            try self.flood.controlFrame()
            self.queuePing(opaque, ack: true)
            return
        }
        if self.drainPingAnswered(opaque) { return }
        guard self.unansweredPings > 0 else {
            try self.flood.controlFrame()
            return
        }
        self.unansweredPings -= 1
        self.owner?.connectionReceivedPong(opaque)
    }

    func goAwayArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        try self.flood.controlFrame()
        let last = Self.word(payload, at: 0) & 0x7fff_ffff
        if let before = self.receivedGoAwayID, last > before { throw HTTP2Error(.protocolError, .goAwayRaised) }
        self.receivedGoAwayID = last
        if self.role == .client {
            // All are closed before the first owner hears of it.
            var cut: [(HTTP2Stream, (any HTTP2StreamOwner)?)] = []
            for stream in self.streams.all where stream.id > last {
                stream.failure = .peerGoAway
                cut.append((stream, self.close(stream, .resetByPeer)))
            }
            for (stream, owner) in cut { owner?.streamReset(stream, code: .refusedStream, byPeer: true) }
        }
        let code = HTTP2ErrorCode(wire: Self.word(payload, at: 4))
        self.owner?.connectionReceivedGoAway(lastStreamID: last, code: code)
    }

    // MARK: WINDOW_UPDATE

    func windowUpdateArrived(_ payload: UnsafeRawBufferPointer) throws(HTTP2Error) {
        try self.flood.windowUpdate()
        let increment = Int(Self.word(payload, at: 0) & 0x7fff_ffff)
        let id = self.frame.streamID
        guard id != 0 else {
            guard increment > 0 else { throw HTTP2Error(.protocolError, .windowIncrementZero) }
            guard self.sendWindow + increment <= HTTP2Window.maximum else {
                throw HTTP2Error(.flowControlError, .windowOverflow)
            }
            self.sendWindow += increment
            self.connectionWindowGrew()
            return
        }
        guard !self.isIdle(id) else { throw HTTP2Error(.protocolError, .frameOnIdleStream) }
        // A stream that just closed may still get some.
        guard let stream = self.streams.find(id) else { return }
        if increment == 0 {
            try self.failStream(stream, HTTP2Error(.protocolError, .windowIncrementZero))
        } else if stream.sendWindow + increment > HTTP2Window.maximum {
            try self.failStream(stream, HTTP2Error(.flowControlError, .windowOverflow))
        } else {
            stream.sendWindow += increment
            self.streamWindowGrew(stream)
        }
    }

    private static func word(_ payload: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(bigEndian: payload.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
