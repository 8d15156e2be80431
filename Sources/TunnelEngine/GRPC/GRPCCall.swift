/// Who takes the messages of a gRPC call.
package protocol GRPCCallOwner: AnyObject {
    /// A whole message came.
    func received(_ message: [UInt8], on call: GRPCCall)
    /// The call ended; called once, and nothing is called after it.
    func ended(_ status: GRPCStatus, on call: GRPCCall)
}

/// One gRPC call on a client link: unary or a stream of messages both ways.
///
/// Messages that flow control holds back wait up to a bound; beyond it the call is given up. The call is held alive by
/// its stream until it ends.
package final class GRPCCall: EventSource, HTTP2StreamOwner {
    /// Bounds of a call.
    package struct Limits: Sendable, Hashable {
        /// Bytes of one received message.
        package var messageBytes = 4 << 20
        /// Bytes of requests that may wait for the peer's windows.
        package var pendingBytes = 32 << 20
        /// How long the call may take in all; nil for streams without end.
        package var milliseconds: UInt64?

        /// The default bounds.
        package init() {}
    }

    private let limits: Limits
    private let link: Link
    private var stream: HTTP2Stream?
    private var owner: (any GRPCCallOwner)?
    private var response: GRPCResponseState
    private var pending = ByteQueue()
    private var finishesWhenSent = false
    private lazy var deadline = LoopTimer(target: self)
    private lazy var retry = LoopTimer(target: self)

    /// How long to wait before asking again for room in the link's output.
    private static let retryMilliseconds: UInt64 = 16
    /// The largest piece of a message that is sent at once.
    private static let pieceBytes = 16 * 1024

    /// Begins a call; nil when the link takes no more streams.
    /// - Parameter owner: held until the call ended.
    package static func begin(
        _ head: GRPCRequestHead,
        on link: Link,
        limits: Limits = Limits(),
        owner: any GRPCCallOwner
    ) -> GRPCCall? {
        let call = GRPCCall(link: link, limits: limits, owner: owner)
        guard let stream = link.openStream(headers: head.headers, endStream: false, owner: call) else { return nil }
        call.stream = stream
        if let milliseconds = limits.milliseconds { link.loop.start(call.deadline, after: milliseconds) }
        return call
    }

    private init(link: Link, limits: Limits, owner: any GRPCCallOwner) {
        self.link = link
        self.limits = limits
        self.owner = owner
        self.response = GRPCResponseState(messageLimit: limits.messageBytes)
        super.init(loop: link.loop)
    }

    /// Whether the call still runs.
    package var isActive: Bool { self.owner != nil }

    /// Sends a message, now or as the peer's windows allow.
    package func send(_ message: [UInt8]) {
        guard self.isActive, !self.finishesWhenSent else { return }
        guard let frame = GRPCMessageReader.frame(message),
            self.pending.count + frame.count <= self.limits.pendingBytes
        else {
            return self.abort(GRPCStatus(.resourceExhausted, "the server does not take our requests"))
        }
        self.pending.append(frame)
        self.sendPending()
    }

    /// Says that no more messages follow.
    package func finishSending() {
        guard self.isActive, !self.finishesWhenSent else { return }
        self.finishesWhenSent = true
        self.sendPending()
    }

    /// Gives the call up; the owner hears no more.
    package func cancel() {
        guard self.isActive else { return }
        self.owner = nil
        self.abort(GRPCStatus(.cancelled))
    }

    private func sendPending() {
        guard let stream = self.stream else { return }
        while !self.pending.isEmpty {
            let room = self.link.sendCapacity(stream, for: nil)
            guard room > 0 else {
                // A closed window reports its opening; a full link does not, hence the timer.
                self.loop.start(self.retry, after: Self.retryMilliseconds)
                return
            }
            let count = min(room, self.pending.count, Self.pieceBytes)
            // Copied out first: sending may end the call, and with it this queue.
            let piece = self.pending.withBytes { Array($0.prefix(count)) }
            self.pending.consume(count)
            piece.withUnsafeBytes { self.link.sendData(stream, $0) }
            guard self.stream === stream else { return }
        }
        if self.finishesWhenSent, !stream.isSendClosed { self.link.finish(stream) }
    }

    override package func timerFired(_ timer: LoopTimer) {
        if timer === self.retry { return self.sendPending() }
        self.abort(GRPCStatus(.deadlineExceeded, "no answer in time"))
    }

    /// Ends the call from our side.
    private func abort(_ status: GRPCStatus) {
        if let stream = self.stream, !stream.isClosed {
            self.stream = nil
            self.link.reset(stream, .cancel)
        }
        self.end(status)
    }

    private func end(_ status: GRPCStatus) {
        self.loop.stop(self.deadline)
        self.loop.stop(self.retry)
        self.pending.clear()
        // The server may have answered before it read everything: then the rest of the stream is of no use.
        if let stream = self.stream, !stream.isClosed { self.link.reset(stream, .cancel) }
        self.stream = nil
        let owner = self.owner
        self.owner = nil
        owner?.ended(status, on: self)
    }

    // MARK: HTTP2StreamOwner

    package func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        if let status = self.response.receive(headers: headers, endStream: endStream) { self.end(status) }
    }

    package func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
        // Given out once the response's state is up to date: the owner may send, cancel, or begin anew.
        var messages: [[UInt8]] = []
        let status = self.response.receive(bytes, endStream: endStream) { messages.append($0) }
        for message in messages { self.owner?.received(message, on: self) }
        self.link.consumed(stream, bytes.count)
        if let status { self.abort(status) }
    }

    package func streamWindowOpened(_ stream: HTTP2Stream) { self.sendPending() }

    package func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {
        self.stream = nil
        // After GOAWAY or a lost connection nothing is known of the call's fate; the retry is the owner's affair.
        let refused = code == .refusedStream || !byPeer
        let text = byPeer ? "stream reset by peer: \(code)" : "connection ended: \(code)"
        self.end(GRPCStatus(refused ? .unavailable : code == .cancel ? .cancelled : .unavailable, text))
    }
}
