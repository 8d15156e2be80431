// Opening, answering, ending and resetting streams.
extension HTTP2Connection {
    /// Client: opens a stream and queues its request. `owner` is held until the stream closes.
    ///
    /// Nil when ``canOpenStream`` is false, or the list breaks RFC 9113 §8 or the peer's size limit.
    package func openStream(
        headers: [HTTP2Header],
        endStream: Bool,
        owner: any HTTP2StreamOwner
    ) -> HTTP2Stream? {
        guard self.canOpenStream, self.fitsPeer(headers) else { return nil }
        let isExtended = self.peerAllowsExtendedConnect
        guard case .success(let request) = HTTP2HeaderRules.checkRequest(headers, allowsExtendedConnect: isExtended)
        else { return nil }
        let stream = self.makeStream(id: self.nextStreamID)
        self.nextStreamID += 2
        stream.isTunnel = request.isConnect
        stream.owner = owner
        stream.isSendClosed = endStream
        self.queueHeaders(stream, headers, endStream: endStream)
        return stream
    }

    /// Queues a response, an informational response or trailers.
    ///
    /// False, and nothing happens, when the stream's sending side is closed or the list breaks RFC 9113 §8 or the
    /// peer's size limit. The caller then resets the stream or answers otherwise.
    package func sendHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) -> Bool {
        guard !stream.isSendClosed, !self.isFailed, self.fitsPeer(headers) else { return false }
        if self.role == .server, !stream.isAnswered {
            guard case .success(let status) = HTTP2HeaderRules.checkResponse(headers) else { return false }
            guard status >= 200 || !endStream else { return false }
            stream.isAnswered = status >= 200
        } else {
            // Trailers end their stream, and a tunnel has none.
            guard endStream, !stream.isTunnel, HTTP2HeaderRules.checkTrailers(headers) == nil else { return false }
        }
        self.queueHeaders(stream, headers, endStream: endStream)
        if endStream { self.sendingEnded(stream) }
        return true
    }

    /// Ends our direction with an empty DATA frame. The other direction goes on.
    package func finish(_ stream: HTTP2Stream) {
        guard !stream.isSendClosed, !self.isFailed else { return }
        self.output.append(
            HTTP2FrameHeader(
                length: 0,
                type: .data,
                flags: HTTP2FrameHeader.Flag.endStream,
                streamID: stream.id
            )
        )
        self.sendingEnded(stream)
    }

    /// Resets the stream: no more events, its held bytes are given back to the connection.
    package func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard !stream.isClosed, !self.isFailed else { return }
        self.queueReset(stream.id, code)
        _ = self.close(stream, .resetByUs)
        self.owner?.connectionCapacityChanged()
    }

    /// Gives back receive credit for `count` bytes that came by `streamData`.
    ///
    /// The peer is told when half of a window is free, of stream and connection each.
    package func consumed(_ stream: HTTP2Stream, _ count: Int) {
        let count = min(count, stream.heldBytes)
        guard count > 0, !self.isFailed else { return }
        stream.heldBytes -= count
        self.creditConnection(count)
        guard !stream.isReceiveClosed else { return }
        stream.unclaimedBytes += count
        if stream.unclaimedBytes * 2 >= self.limits.streamWindow {
            self.queueWindowUpdate(stream.id, stream.unclaimedBytes)
            stream.receiveWindow += stream.unclaimedBytes
            stream.unclaimedBytes = 0
        }
    }

    // MARK: Sending DATA

    /// Payload bytes that the next DATA frame may have now.
    ///
    /// 0 also asks for ``HTTP2StreamOwner/streamWindowOpened(_:)``, unless the sending side is closed.
    package func sendCapacity(_ stream: HTTP2Stream) -> Int {
        guard !stream.isSendClosed, !self.isFailed else { return 0 }
        if stream.sendWindow <= 0 {
            // A stream in the connection's queue keeps its turn and is sent on to its own window from there.
            if stream.waiting == .notAtAll { stream.waiting = .forStream }
            return 0
        }
        if self.sendWindow <= 0 {
            self.waitForConnection(stream)
            return 0
        }
        return min(stream.sendWindow, self.sendWindow, self.peerMaxFrame)
    }

    /// Writes the nine bytes of a DATA frame header to `memory` and debits the windows. The caller sends all of
    /// ``output``, then these nine bytes, then exactly `length` bytes of payload.
    ///
    /// False, and nothing is written, when the stream cannot send or `length` is more than
    /// ``sendCapacity(_:)`` allows.
    package func writeDataHeader(
        _ stream: HTTP2Stream,
        length: Int,
        endStream: Bool,
        into memory: UnsafeMutableRawPointer
    ) -> Bool {
        guard !stream.isSendClosed, !self.isFailed, length >= 0 else { return false }
        guard length <= max(min(stream.sendWindow, self.sendWindow, self.peerMaxFrame), 0) else { return false }
        stream.sendWindow -= length
        self.sendWindow -= length
        self.flood.sentData(length)
        HTTP2FrameHeader(
            length: length,
            type: .data,
            flags: endStream ? HTTP2FrameHeader.Flag.endStream : 0,
            streamID: stream.id
        ).write(to: memory)
        if endStream { self.sendingEnded(stream) }
        return true
    }

    // MARK: Inside

    func makeStream(id: UInt32) -> HTTP2Stream {
        let stream = HTTP2Stream(id: id, sendWindow: self.peerInitialWindow, receiveWindow: self.limits.streamWindow)
        self.streams.insert(stream)
        return stream
    }

    func sendingEnded(_ stream: HTTP2Stream) {
        stream.isSendClosed = true
        if stream.isReceiveClosed { self.closeEnded(stream) }
    }

    /// Both directions ended. Bytes that the owner still holds stay on its account.
    func closeEnded(_ stream: HTTP2Stream) {
        guard !stream.isClosed else { return }
        _ = self.close(stream, .ended)
        self.owner?.connectionCapacityChanged()
    }

    /// Ends a stream's life and gives its owner, for the last event.
    func close(_ stream: HTTP2Stream, _ ending: HTTP2ClosedStreams.Ending) -> (any HTTP2StreamOwner)? {
        let owner = stream.owner
        stream.isClosed = true
        stream.isSendClosed = true
        stream.isReceiveClosed = true
        stream.owner = nil
        self.streams.remove(stream.id)
        self.closedStreams.remember(stream.id, ending)
        if stream.waiting == .forConnection { self.blocked.removeAll { $0 === stream } }
        stream.waiting = .notAtAll
        if ending != .ended {
            let held = stream.heldBytes
            stream.heldBytes = 0
            self.creditConnection(held)
        }
        return owner
    }

    /// Lets bytes that nobody holds any more flow again on the connection.
    func creditConnection(_ count: Int) {
        guard count > 0, !self.isFailed else { return }
        self.unclaimedBytes += count
        if self.unclaimedBytes * 2 >= self.limits.connectionWindow {
            self.queueWindowUpdate(0, self.unclaimedBytes)
            self.receiveWindow += self.unclaimedBytes
            self.unclaimedBytes = 0
        }
    }

    private func fitsPeer(_ headers: [HTTP2Header]) -> Bool {
        guard self.peerMaxHeaderList < Int.max else { return true }
        return headers.reduce(0) { $0 + $1.listSize } <= self.peerMaxHeaderList
    }

    // MARK: Waiting for windows

    private func waitForConnection(_ stream: HTTP2Stream) {
        guard stream.waiting != .forConnection else { return }
        stream.waiting = .forConnection
        self.blocked.append(stream)
    }

    /// The stream's own window grew.
    func streamWindowGrew(_ stream: HTTP2Stream) {
        guard stream.waiting == .forStream, stream.sendWindow > 0 else { return }
        if self.sendWindow > 0 {
            stream.waiting = .notAtAll
            stream.owner?.streamWindowOpened(stream)
        } else {
            self.waitForConnection(stream)
        }
    }

    /// The connection's window grew: streams take turns, and one that asks again goes to the end.
    func connectionWindowGrew() {
        let queue = self.blocked
        self.blocked = []
        var turn = 0
        while turn < queue.count, self.sendWindow > 0, !self.isFailed {
            let stream = queue[turn]
            turn += 1
            guard stream.waiting == .forConnection else { continue }
            guard stream.sendWindow > 0 else {
                stream.waiting = .forStream
                continue
            }
            stream.waiting = .notAtAll
            stream.owner?.streamWindowOpened(stream)
        }
        if turn < queue.count, !self.isFailed {
            self.blocked.insert(contentsOf: queue[turn...].filter { $0.waiting == .forConnection }, at: 0)
        }
    }
}
