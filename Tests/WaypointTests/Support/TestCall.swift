import DataPlaneTestSupport
import Foundation
import MeshModel
import Synchronization
import TunnelEngine

/// One request under way: it can be fed piece by piece, and its answer watched or left unread.
final class TestCall: HTTPStreamOwner, @unchecked Sendable {
    private let thread: TestLoop
    private let seen = Mutex(TestClient.Answer())
    private let ended = DispatchSemaphore(value: 0)
    // On the loop only.
    private var pending: [UInt8]
    private var offset = 0
    private var trailers: [HeaderField]
    private var isWhole: Bool
    private var reads: Bool
    private var unread = 0
    private var stream: HTTPStream?

    init(_ thread: TestLoop, body: [UInt8], trailers: [HeaderField], isWhole: Bool, reads: Bool) {
        self.thread = thread
        self.pending = body
        self.trailers = trailers
        self.isWhole = isWhole
        self.reads = reads
    }

    /// What came so far.
    var answer: TestClient.Answer { self.seen.withLock { $0 } }

    /// Waits for the end.
    func wait() throws -> TestClient.Answer {
        guard self.ended.wait(timeout: .now() + 10) == .success else { throw TestLoop.NotStarted() }
        self.ended.signal()
        return self.answer
    }

    /// Sends more of the body.
    func send(_ bytes: [UInt8], isEnd: Bool = false) throws {
        let me = self
        try self.thread.sync {
            me.pending += bytes
            me.isWhole = me.isWhole || isEnd
            me.pump()
        }
    }

    /// Cuts the request.
    func cut() throws {
        let me = self
        try self.thread.sync {
            me.stream?.reset(.cancel)
            me.end(.local)
        }
    }

    /// Reads what was left unread, and all that follows.
    func read() throws {
        let me = self
        try self.thread.sync {
            me.reads = true
            let unread = me.unread
            me.unread = 0
            me.stream?.consumed(unread)
        }
    }

    // MARK: On the loop

    func open(on http: HTTPClientConnection, _ head: HTTPRequestHead) -> Bool {
        let isEmpty = self.isWhole && self.pending.isEmpty && self.trailers.isEmpty
        guard let stream = http.openStream(request: head, endStream: isEmpty, owner: self) else { return false }
        self.stream = stream
        self.pump()
        return true
    }

    private func pump() {
        guard let stream = self.stream, !stream.isSendClosed else { return }
        while self.offset < self.pending.count {
            let count = min(stream.capacity(), self.pending.count - self.offset)
            guard count > 0 else { return }
            let end = self.offset + count
            let isLast = self.isWhole && end == self.pending.count && self.trailers.isEmpty
            self.pending.withUnsafeBytes {
                stream.send(UnsafeRawBufferPointer(rebasing: $0[self.offset..<end]), endStream: isLast)
            }
            self.offset = end
        }
        guard self.isWhole, !stream.isSendClosed else { return }
        if self.trailers.isEmpty {
            stream.finish()
        } else {
            let trailers = self.trailers
            self.trailers = []
            stream.send(trailers: trailers)
        }
    }

    func end(_ failure: HTTPStreamFailure?) {
        let isFirst = self.seen.withLock { answer in
            guard !answer.isWhole else { return false }
            answer.isWhole = true
            answer.failure = failure
            return true
        }
        if isFirst { self.ended.signal() }
    }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {
        self.seen.withLock { $0.informational.append(head.status) }
    }

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        self.seen.withLock { $0.head = head }
        if endStream { self.end(nil) }
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        self.seen.withLock { $0.body.append(contentsOf: data) }
        if self.reads { stream.consumed(data.count) } else { self.unread += data.count }
        if endStream { self.end(nil) }
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
        self.seen.withLock { $0.trailers = trailers }
        self.end(nil)
    }

    func streamCanSend(_ stream: HTTPStream) { self.pump() }
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) { self.end(failure) }
}
