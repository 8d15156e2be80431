import DataPlaneTestSupport
import MeshModel
import Synchronization
import TunnelEngine

/// An HTTP application at a loopback address; what it answers is a closure's word.
final class TestBackend: ListenerDelegate, HTTPServerConnectionOwner, @unchecked Sendable {
    struct Reply {
        var status = 200
        var fields: [HeaderField] = []
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        /// Cuts the stream instead.
        var resets = false
        /// Says nothing.
        var isSilent = false

        init(_ status: Int = 200, _ body: String = "", fields: [HeaderField] = []) {
            self.status = status
            self.body = Array(body.utf8)
            self.fields = fields
        }
    }

    struct Request {
        var head: HTTPRequestHead
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        var version: HTTPVersion
    }

    let address: SocketAddress
    private let thread: TestLoop
    private let answer: @Sendable (Request) -> Reply
    private let kept = Mutex<[Request]>([])
    private let accepted = Atomic<Int>(0)
    private var listener: Listener?

    init(_ address: SocketAddress, answer: @escaping @Sendable (Request) -> Reply) throws {
        self.address = address
        self.answer = answer
        self.thread = try TestLoop()
        let me = self
        try self.thread.sync { me.listener = try Listener(loop: me.thread.loop, address: address, delegate: me) }
    }

    /// The requests so far.
    var requests: [Request] { self.kept.withLock { $0 } }
    /// Connections so far.
    var connections: Int { self.accepted.load(ordering: .relaxed) }

    /// Refuses all further connections.
    func stop() {
        let me = self
        _ = try? self.thread.sync { me.listener?.close() }
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        self.accepted.wrappingAdd(1, ordering: .relaxed)
        guard
            let bytes = try? ByteStream.over(
                socket: descriptor,
                loop: listener.loop,
                isDownstream: true,
                owner: NobodyYet()
            )
        else { return }
        _ = HTTPServerConnection(over: bytes, owner: self)
    }

    func connection(
        _ connection: HTTPServerConnection,
        opened stream: HTTPStream,
        request: HTTPRequestHead,
        endStream: Bool
    ) {
        let exchange = Conversation(self, Request(head: request, version: stream.version), stream)
        stream.owner = exchange
        if endStream { exchange.finish() }
    }

    func connection(_ connection: HTTPServerConnection, refused refusal: HTTPRefusal) {}
    func connectionEnded(_ connection: HTTPServerConnection, _ outcome: RelayOutcome) {}

    private final class NobodyYet: ByteStreamOwner {
        func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
        func byteStreamReceivedEnd(_ stream: ByteStream) {}
        func byteStreamCanSend(_ stream: ByteStream) {}
        func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {}
    }

    private final class Conversation: HTTPStreamOwner {
        private let backend: TestBackend
        private var request: Request
        private let stream: HTTPStream
        private var pending: [UInt8] = []
        private var trailers: [HeaderField] = []
        private var isAnswering = false

        init(_ backend: TestBackend, _ request: Request, _ stream: HTTPStream) {
            self.backend = backend
            self.request = request
            self.stream = stream
        }

        func finish() {
            let request = self.request
            self.backend.kept.withLock { $0.append(request) }
            let reply = self.backend.answer(request)
            if reply.isSilent { return }
            if reply.resets { return self.stream.reset(.internalError) }
            self.pending = reply.body
            self.trailers = reply.trailers
            self.isAnswering = true
            let isEmpty = reply.body.isEmpty && reply.trailers.isEmpty
            self.stream.send(response: HTTPResponseHead(status: reply.status, fields: reply.fields), endStream: isEmpty)
            if !isEmpty { self.pump() }
        }

        private func pump() {
            while !self.pending.isEmpty {
                let count = min(self.stream.capacity(), self.pending.count)
                guard count > 0 else { return }
                let piece = Array(self.pending.prefix(count))
                self.pending.removeFirst(count)
                self.stream.send(piece, endStream: self.pending.isEmpty && self.trailers.isEmpty)
            }
            guard !self.trailers.isEmpty else { return }
            let trailers = self.trailers
            self.trailers = []
            self.stream.send(trailers: trailers)
        }

        func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}
        func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {}

        func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
            self.request.body.append(contentsOf: data)
            stream.consumed(data.count)
            if endStream { self.finish() }
        }

        func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
            self.request.trailers = trailers
            self.finish()
        }

        func streamCanSend(_ stream: HTTPStream) { if self.isAnswering { self.pump() } }
        func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {}
    }
}
