import MeshModel

/// One request with a body, and its whole answer, on a stream of its own.
///
/// The answer is bounded. The call is held alive by its stream until it ends; who began it bounds its time.
package final class StreamCall: EventSource, HTTP2StreamOwner {
    /// What came back.
    package struct Answer: Sendable {
        /// The response's headers.
        package var headers: [HTTP2Header] = []
        /// The body.
        package var body: [UInt8] = []
        /// What came behind the body.
        package var trailers: [HTTP2Header] = []
    }

    /// Why nothing came back.
    package enum Failure: Error, Hashable, Sendable {
        /// The connection takes no stream.
        case refused
        /// The stream was cut.
        case reset(HTTP2ErrorCode)
        /// The answer is larger than its bound.
        case tooLarge
        /// It was given up.
        case cancelled
    }

    private let carrier: any StreamCarrier
    private let answerBytes: Int
    private var stream: HTTP2Stream?
    private var pending = ByteQueue()
    private var answer = Answer()
    private var hasHeaders = false
    private var completion: ((Result<Answer, Failure>) -> Void)?
    private lazy var retry = LoopTimer(target: self)

    /// How long to wait before asking again for room in the connection's output.
    private static let retryMilliseconds: UInt64 = 16
    /// The largest piece of the body that is sent at once.
    private static let pieceBytes = 16 * 1024

    /// Sends the request.
    /// - Parameters:
    ///   - answerBytes: the most bytes of an answer's body.
    ///   - completion: called once.
    @discardableResult
    package init(
        _ headers: [HTTP2Header],
        body: [UInt8],
        on carrier: any StreamCarrier,
        answerBytes: Int,
        completion: @escaping (Result<Answer, Failure>) -> Void
    ) {
        self.carrier = carrier
        self.answerBytes = answerBytes
        self.completion = completion
        super.init(loop: carrier.loop)
        self.pending.append(body)
        guard let stream = carrier.openStream(headers: headers, endStream: body.isEmpty, owner: self) else {
            self.end(.failure(.refused))
            return
        }
        self.stream = stream
        if !body.isEmpty { self.sendPending() }
    }

    /// Gives the call up.
    package func cancel() { self.abort(.cancelled) }

    private func sendPending() {
        while !self.pending.isEmpty {
            guard let stream = self.stream else { return }
            let room = self.carrier.capacity(of: stream)
            guard room > 0 else {
                self.loop.start(self.retry, after: Self.retryMilliseconds)
                return
            }
            let count = min(room, self.pending.count, Self.pieceBytes)
            // Copied out first: sending may end the call, and with it this queue.
            let piece = self.pending.withBytes { Array($0.prefix(count)) }
            self.pending.consume(count)
            piece.withUnsafeBytes { self.carrier.sendData(stream, $0) }
        }
        if let stream = self.stream, !stream.isSendClosed { self.carrier.finish(stream) }
    }

    override package func timerFired(_ timer: LoopTimer) { self.sendPending() }

    private func abort(_ failure: Failure) {
        if let stream = self.stream, !stream.isClosed { self.carrier.reset(stream, .cancel) }
        self.end(.failure(failure))
    }

    private func end(_ result: Result<Answer, Failure>) {
        self.loop.stop(self.retry)
        self.pending.clear()
        // The server may have answered before it read everything: then the rest of the stream is of no use.
        if let stream = self.stream, !stream.isClosed { self.carrier.reset(stream, .cancel) }
        self.stream = nil
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    // MARK: HTTP2StreamOwner

    package func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        if self.hasHeaders {
            self.answer.trailers = headers
        } else if headers.first(named: ":status")?.hasPrefix("1") != true {
            self.hasHeaders = true
            self.answer.headers = headers
        }
        if endStream { self.end(.success(self.answer)) }
    }

    package func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
        guard self.answer.body.count + bytes.count <= self.answerBytes else { return self.abort(.tooLarge) }
        self.answer.body.append(contentsOf: bytes)
        self.carrier.consumed(stream, bytes.count)
        if endStream { self.end(.success(self.answer)) }
    }

    package func streamWindowOpened(_ stream: HTTP2Stream) { self.sendPending() }

    package func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {
        self.stream = nil
        self.end(.failure(.reset(code)))
    }
}
