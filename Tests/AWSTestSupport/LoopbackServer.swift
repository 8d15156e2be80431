package import AWSClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// A real HTTP server on a loopback port, for what only a network shows: slowness, size, broken connections.
package final class LoopbackServer: Sendable {
    /// What to answer a request with.
    package struct Answer: Sendable {
        /// The status code.
        package var status = 200
        /// Headers beside the framing ones.
        package var headers: [(name: String, value: String)] = []
        /// Parts of the body, each sent after this many milliseconds.
        package var parts: [(afterMilliseconds: Int64, bytes: [UInt8])] = []
        /// Whether the connection breaks after the parts, with the body unfinished.
        package var breaksOff = false

        /// 200 with no body.
        package init() {}

        /// A whole answer at once.
        package init(status: Int = 200, headers: [(name: String, value: String)] = [], text: String) {
            self.status = status
            self.headers = headers
            self.parts = [(0, Array(text.utf8))]
        }
    }

    private let channel: any Channel

    /// The port that the system chose.
    package let port: Int

    /// The server's base URL.
    package var url: String { "http://127.0.0.1:\(self.port)" }

    /// Listens; the closure gets each request, with path and query as its URL.
    package init(_ answer: @escaping @Sendable (TransportRequest) -> Answer) async throws {
        self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        self.port = self.channel.localAddress?.port ?? 0
    }

    /// Stops listening.
    package func close() async {
        try? await self.channel.close()
    }
}

/// Reads one request at a time and writes what the closure says.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (TransportRequest) -> LoopbackServer.Answer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ answer: @escaping @Sendable (TransportRequest) -> LoopbackServer.Answer) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body = []
        case .body(let part): self.body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head = self.head else { return }
            let answer = self.answer(
                TransportRequest(
                    method: head.method.rawValue,
                    url: head.uri,
                    headers: head.headers.map { (name: $0.name, value: $0.value) },
                    body: self.body
                )
            )
            var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
            if !answer.breaksOff {
                headers.add(name: "content-length", value: String(answer.parts.map(\.bytes.count).reduce(0, +)))
            }
            let status = HTTPResponseStatus(statusCode: answer.status)
            context.writeAndFlush(
                self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil
            )
            self.write(answer.parts[...], breaksOff: answer.breaksOff, context: context)
        }
    }

    private func write(
        _ parts: ArraySlice<(afterMilliseconds: Int64, bytes: [UInt8])>,
        breaksOff: Bool,
        context: ChannelHandlerContext
    ) {
        guard let part = parts.first else {
            if breaksOff {
                context.close(promise: nil)
            } else {
                context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
            }
            return
        }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(part.afterMilliseconds)) {
            guard context.channel.isActive else { return }
            let buffer = context.channel.allocator.buffer(bytes: part.bytes)
            context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
            self.write(parts.dropFirst(), breaksOff: breaksOff, context: context)
        }
    }
}
