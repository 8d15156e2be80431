import MeshModel

@testable import TunnelEngine

/// The owner of one stream in a test: notes what comes, and gives back at once what it got.
final class HTTPTestStream: HTTPStreamOwner {
    var informational: [Int] = []
    var response: HTTPResponseHead?
    var body: [UInt8] = []
    var trailers: [HeaderField]?
    var failure: HTTPStreamFailure?
    var isEnded = false
    var canSendCount = 0
    /// False keeps what comes, so that the peer has to stop.
    var consumes = true
    var onEvent: (HTTPStream) -> Void = { _ in }
    var stream: HTTPStream?
    /// Bytes that are sent as there is room; then the end, unless that is nil.
    private var pending: ArraySlice<UInt8> = []
    private var ending: [HeaderField]?

    func send(_ bytes: [UInt8], on stream: HTTPStream, ending: [HeaderField]? = []) {
        self.pending += bytes
        self.ending = ending
        self.push(stream)
    }

    private func push(_ stream: HTTPStream) {
        while !self.pending.isEmpty {
            let room = min(stream.capacity(), self.pending.count)
            guard room > 0 else { return }
            stream.send(Array(self.pending.prefix(room)), endStream: false)
            self.pending.removeFirst(room)
        }
        guard let ending = self.ending else { return }
        self.ending = nil
        if ending.isEmpty { stream.finish() } else { stream.send(trailers: ending) }
    }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {
        self.informational.append(head.status)
        self.onEvent(stream)
    }

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        self.response = head
        if endStream { self.isEnded = true }
        self.onEvent(stream)
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        self.body += data
        if self.consumes { stream.consumed(data.count) }
        if endStream { self.isEnded = true }
        self.onEvent(stream)
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
        self.trailers = trailers
        self.isEnded = true
        self.onEvent(stream)
    }

    func streamCanSend(_ stream: HTTPStream) {
        self.canSendCount += 1
        self.push(stream)
    }

    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {
        self.failure = failure
        self.onEvent(stream)
    }
}
