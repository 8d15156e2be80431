import BoringTLS
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
        /// Said before.
        var informational: [Int] = []
        /// Milliseconds before it begins.
        var delay: UInt64 = 0
        /// Cuts the stream instead.
        var resets = false
        /// Cuts the stream after the body, which does not end.
        var breaksOff = false
        /// Says nothing.
        var isSilent = false
        /// Upgraded, it says its body and ends its side at once, and hears the client out.
        var endsFirst = false

        init(
            _ status: Int = 200,
            _ body: String = "",
            fields: [HeaderField] = [],
            trailers: [HeaderField] = [],
            delay: UInt64 = 0
        ) {
            self.status = status
            self.body = Array(body.utf8)
            self.fields = fields
            self.trailers = trailers
            self.delay = delay
        }

        static func with(_ status: Int = 200, _ fill: (inout Reply) -> Void) -> Reply {
            var reply = Reply(status)
            fill(&reply)
            return reply
        }

        /// What gRPC says before anything else went right.
        static func grpc(_ status: Int, message: String = "") -> Reply {
            Reply(
                fields: [
                    HeaderField("content-type", "application/grpc"), HeaderField("grpc-status", "\(status)"),
                    HeaderField("grpc-message", message),
                ]
            )
        }
    }

    struct Request {
        /// The backend's: `echo-0`.
        var backend: String
        var head: HTTPRequestHead
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        var version: HTTPVersion

        var text: String { String(decoding: self.body, as: UTF8.self) }
        subscript(name: String) -> String? { self.head.fields.first(named: name) }
    }

    /// What it shows its clients, and whom it takes.
    struct TLS: Sendable {
        var context: TLSContext
        var clients = PeerExpectation.unchecked(serverName: nil)
        var protocols = TLSProtocols(["h2", "http/1.1"], isRequired: false)
    }

    typealias Answer = @Sendable (Request) -> Reply

    let name: String
    let address: SocketAddress
    private let thread: TestLoop
    private let tls: TLS?
    /// On the loop only.
    private var sessions: [TLSSession] = []
    private let early: @Sendable (Request) -> Reply?
    private let answer: Answer
    private let kept = Mutex<[Request]>([])
    private let begun = Atomic<Int>(0)
    private let cut = Atomic<Int>(0)
    private let accepted = Atomic<Int>(0)
    private var listener: Listener?

    /// - Parameters:
    ///   - tls: nil for the clear.
    ///   - early: answers a request by its head alone.
    init(
        _ address: SocketAddress,
        name: String = "echo-0",
        tls: TLS? = nil,
        early: @escaping @Sendable (Request) -> Reply? = { _ in nil },
        answer: @escaping Answer
    ) throws {
        self.name = name
        self.tls = tls
        self.address = address
        self.early = early
        self.answer = answer
        self.thread = try TestLoop()
        let me = self
        try self.thread.sync { me.listener = try Listener(loop: me.thread.loop, address: address, delegate: me) }
    }

    /// The requests so far that came with all of their bodies.
    var requests: [Request] { self.kept.withLock { $0 } }
    /// Requests of which the head came.
    var heads: Int { self.begun.load(ordering: .relaxed) }
    /// Requests that were cut.
    var resets: Int { self.cut.load(ordering: .relaxed) }
    /// Connections so far.
    var connections: Int { self.accepted.load(ordering: .relaxed) }

    /// What was agreed on by ALPN on each connection so far; empty for nothing.
    func agreed() throws -> [String] {
        let me = self
        return try self.thread.sync { me.sessions.map { $0.negotiatedALPN ?? "" } }
    }

    /// Refuses all further connections.
    func stop() {
        let me = self
        _ = try? self.thread.sync {
            me.listener?.close()
            me.listener = nil
        }
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        self.accepted.wrappingAdd(1, ordering: .relaxed)
        let session = self.tls.flatMap { tls in
            try? TLSSession(
                context: tls.context,
                role: .server,
                expectation: tls.clients,
                protocols: tls.protocols,
                buffers: listener.loop.tlsBuffers
            )
        }
        if let session { self.sessions.append(session) }
        guard
            let bytes = try? ByteStream.over(
                socket: descriptor,
                loop: listener.loop,
                tls: session,
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
        self.begun.wrappingAdd(1, ordering: .relaxed)
        let request = Request(backend: self.name, head: request, version: stream.version)
        let exchange = Conversation(self, request, stream)
        stream.owner = exchange
        if let reply = self.early(request) { return exchange.begin(reply) }
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
        private var offset = 0
        private var reply = Reply()
        private var hasBegun = false
        private var isAnswering = false
        /// The connection was upgraded: what comes goes back.
        private var echoes = false
        private var isEchoEnded = false
        private lazy var alarm = LoopAlarm(loop: self.backend.thread.loop)

        init(_ backend: TestBackend, _ request: Request, _ stream: HTTPStream) {
            self.backend = backend
            self.request = request
            self.stream = stream
        }

        func finish() {
            let request = self.request
            self.backend.kept.withLock { $0.append(request) }
            if !self.hasBegun { self.begin(self.backend.answer(request)) }
        }

        func begin(_ reply: Reply) {
            self.hasBegun = true
            self.reply = reply
            for status in reply.informational { self.stream.sendInformational(HTTPResponseHead(status: status)) }
            guard reply.delay > 0 else { return self.say() }
            self.alarm.set(after: reply.delay) { [self] in self.say() }
        }

        private func say() {
            let reply = self.reply
            if reply.isSilent || self.stream.isEnded { return }
            if reply.resets { return self.stream.reset(.internalError) }
            self.pending = reply.body
            self.isAnswering = true
            self.echoes = reply.status == 101 && !reply.endsFirst
            let isEmpty = reply.body.isEmpty && reply.trailers.isEmpty && !self.echoes && !reply.breaksOff
            self.stream.send(response: HTTPResponseHead(status: reply.status, fields: reply.fields), endStream: isEmpty)
            if !isEmpty { self.pump() }
        }

        private func pump() {
            let staysOpen = !self.reply.trailers.isEmpty || self.reply.breaksOff || self.echoes
            while self.offset < self.pending.count {
                let count = min(self.stream.capacity(), self.pending.count - self.offset)
                guard count > 0 else { return }
                let end = self.offset + count
                let isLast = end == self.pending.count && !staysOpen
                self.pending.withUnsafeBytes {
                    self.stream.send(UnsafeRawBufferPointer(rebasing: $0[self.offset..<end]), endStream: isLast)
                }
                self.offset = end
            }
            if self.reply.breaksOff {
                self.reply.breaksOff = false
                // What was sent must leave first.
                return self.alarm.set(after: 30) { [self] in self.stream.reset(.internalError) }
            }
            if self.echoes {
                if self.isEchoEnded, !self.stream.isSendClosed { self.stream.finish() }
                return
            }
            guard !self.reply.trailers.isEmpty else { return }
            let trailers = self.reply.trailers
            self.reply.trailers = []
            self.stream.send(trailers: trailers)
        }

        func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}
        func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {}

        func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
            if self.echoes {
                self.pending.append(contentsOf: data)
                stream.consumed(data.count)
                if endStream { self.isEchoEnded = true }
                return self.pump()
            }
            self.request.body.append(contentsOf: data)
            stream.consumed(data.count)
            if endStream { self.finish() }
        }

        func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
            self.request.trailers = trailers
            self.finish()
        }

        func streamCanSend(_ stream: HTTPStream) { if self.isAnswering { self.pump() } }

        func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {
            self.backend.cut.wrappingAdd(1, ordering: .relaxed)
            self.alarm.cancel()
        }
    }
}
