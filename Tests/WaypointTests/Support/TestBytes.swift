import DataPlaneTestSupport
import Synchronization
import TunnelEngine

/// A connection inside of a tunnel whose bytes the test itself writes and reads.
final class TestBytes: ByteStreamOwner, @unchecked Sendable {
    struct Seen: Sendable {
        var bytes: [UInt8] = []
        var isEnded = false
        var outcome: RelayOutcome?

        var text: String { String(decoding: self.bytes, as: UTF8.self) }
    }

    private let thread: TestLoop
    private let kept = Mutex(Seen())
    /// On the loop only.
    private var stream: ByteStream?

    init(_ thread: TestLoop) { self.thread = thread }

    var seen: Seen { self.kept.withLock { $0 } }

    /// Waits until that many bytes came.
    func wait(_ count: Int) -> Bool { eventually { self.seen.bytes.count >= count } }
    /// Waits for the peer's end.
    func waitForEnd() -> Bool { eventually { self.seen.isEnded } }
    /// Waits until there is nothing left of it.
    func waitForOutcome() -> RelayOutcome? {
        _ = eventually { self.seen.outcome != nil }
        return self.seen.outcome
    }

    /// Keeps what it owns already.
    func take(_ stream: ByteStream) { if !stream.isEnded { self.stream = stream } }

    func send(_ bytes: [UInt8]) throws {
        let me = self
        try self.thread.sync { me.stream?.send(bytes) }
    }

    func send(_ text: String) throws { try self.send(Array(text.utf8)) }

    func finish() throws {
        let me = self
        try self.thread.sync { me.stream?.finish() }
    }

    func cut() throws {
        let me = self
        try self.thread.sync { me.stream?.close(isAbortive: true) }
    }

    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        self.kept.withLock { $0.bytes.append(contentsOf: bytes) }
        stream.consumed(bytes.count)
    }

    func byteStreamReceivedEnd(_ stream: ByteStream) { self.kept.withLock { $0.isEnded = true } }
    func byteStreamCanSend(_ stream: ByteStream) {}
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {
        self.kept.withLock { $0.outcome = outcome }
        self.stream = nil
    }
}
