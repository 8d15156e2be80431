import MeshModel

/// One attempt to open a tunnel: waits for a link of the pool, sends CONNECT, waits for the answer.
package final class TunnelDial: EventSource, HTTP2StreamOwner {
    private let pool: TunnelPool
    /// Makes the request's headers when they are sent: many dials may wait for one link.
    private let headers: () -> [HTTP2Header]
    private var completion: ((Result<StreamEnd, TunnelError>) -> Void)?
    private weak var entry: TunnelPoolEntry?
    private var link: Link?
    private var stream: HTTP2Stream?
    private var attempts = 0
    /// When a sign of life was asked for; nil when none is awaited.
    private var probed: UInt64?
    private lazy var deadline = LoopTimer(target: self)
    /// The response's headers once the tunnel is open.
    package private(set) var responseHeaders: [HTTP2Header] = []

    /// Streams that a peer refused without looking at them, and those on a link that turns out to be dead, are tried once
    /// more: nothing of the application was sent yet.
    private static let maxAttempts = 2

    init(
        pool: TunnelPool,
        headers: @escaping () -> [HTTP2Header],
        entry: TunnelPoolEntry?,
        completion: @escaping (Result<StreamEnd, TunnelError>) -> Void
    ) {
        self.pool = pool
        self.headers = headers
        self.entry = entry
        self.completion = completion
        super.init(loop: pool.loop)
    }

    /// Whether somebody still waits for the result.
    var isWanted: Bool { self.completion != nil }

    /// Sends CONNECT on the link; false when it takes no more streams.
    func begin(on link: Link) -> Bool {
        guard let stream = link.openStream(headers: self.headers(), endStream: false, owner: self) else { return false }
        self.attempts += 1
        self.link = link
        self.stream = stream
        let isDoubted = self.entry != nil && link.probe(afterSilence: self.pool.limits.doubtMilliseconds)
        self.probed = isDoubted ? self.loop.now : nil
        let wait = isDoubted ? self.pool.limits.probeMilliseconds : self.pool.limits.responseMilliseconds
        self.loop.start(self.deadline, after: wait)
        return true
    }

    /// Ends the attempt without a tunnel.
    func fail(_ error: TunnelError) { self.finish(.failure(error)) }

    /// Gives the attempt up; the completion is not called.
    package func cancel() {
        guard self.completion != nil else { return }
        self.completion = nil
        guard let link = self.link, let stream = self.stream else {
            self.entry?.abandon(self)
            return
        }
        self.loop.stop(self.deadline)
        self.forget()
        link.reset(stream, .cancel)
    }

    private func forget() {
        self.stream?.owner = nil
        self.link = nil
        self.stream = nil
    }

    private func finish(_ result: Result<StreamEnd, TunnelError>) {
        self.loop.stop(self.deadline)
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    override package func timerFired(_ timer: LoopTimer) {
        if let probed = self.probed, let link = self.link {
            self.probed = nil
            guard !link.hasReceived(since: probed) else {
                let whole = self.pool.limits.responseMilliseconds
                let rest = whole - min(whole, self.loop.now - probed)
                return self.loop.start(self.deadline, after: max(1, rest))
            }
            return self.leave(link)
        }
        if let link = self.link, let stream = self.stream {
            self.forget()
            link.reset(stream, .cancel)
        }
        self.fail(.responseTimedOut)
    }

    /// Tries a link that gives no sign of life no longer.
    private func leave(_ link: Link) {
        let stream = self.stream
        self.forget()
        // The entry goes with its last link unless somebody waits by then.
        let entry = self.entry
        entry?.distrust(link)
        if self.attempts < Self.maxAttempts, let entry {
            entry.wait(self)
        } else {
            self.fail(.link(.keepAliveTimedOut))
        }
        if let stream { link.reset(stream, .cancel) }
    }

    // MARK: HTTP2StreamOwner, until the response came

    package func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        guard let link = self.link else { return }
        let status = headers.first(named: ":status").flatMap { Int($0) }
        guard let status else {
            self.forget()
            link.reset(stream, .protocolError)
            return self.fail(.malformedResponse)
        }
        if (100..<200).contains(status), !endStream { return }
        guard status == 200, !endStream || stream.isReceiveClosed else {
            self.forget()
            link.reset(stream, .cancel)
            return self.fail(.refused(status: status))
        }
        self.responseHeaders = headers
        self.link = nil
        self.stream = nil
        let end = StreamEnd(link: link, stream: stream)
        if endStream { end.streamHeaders(stream, [], endStream: true) }
        guard self.isWanted else { return end.close(isAbortive: true) }
        self.finish(.success(end))
    }

    package func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {}
    package func streamWindowOpened(_ stream: HTTP2Stream) {}

    package func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {
        let link = self.link
        self.link = nil
        self.stream = nil
        self.loop.stop(self.deadline)
        if code == .refusedStream || Self.isGone(link?.endError), self.attempts < Self.maxAttempts,
            let entry = self.entry
        {
            return entry.wait(self)
        }
        if let error = link?.endError {
            self.fail(.link(error))
        } else if let error = link?.http2Error {
            self.fail(.link(.http2(error)))
        } else {
            self.fail(byPeer ? .reset(code) : .malformedResponse)
        }
    }

    /// Whether the peer, or the way to it, ended the link: a fresh one may do better.
    private static func isGone(_ error: LinkError?) -> Bool {
        switch error {
        case .closedByPeer, .socket, .keepAliveTimedOut: true
        default: false
        }
    }
}
