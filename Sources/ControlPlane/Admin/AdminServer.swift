package import Logging
package import MeshModel
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An answer of the admin port.
package struct AdminAnswer: Sendable {
    /// The HTTP status.
    package var status: Int
    /// The media type.
    package var contentType: String
    /// The body.
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// The admin port: metrics and debug pages over plain HTTP/1.1, one request a connection, on loopback by default.
package final class AdminServer: Sendable {
    /// The most connections at once; scrapers and people need few.
    private static let connections = 64
    /// The longest silence on a connection.
    private static let idle: TimeAmount = .seconds(15)

    private let address: MeshModel.SocketAddress
    private let answer: @Sendable (String) -> AdminAnswer?
    private let logger: Logger
    private let open = Atomic(0)
    private let bound: AsyncStream<Int>
    private let binding: AsyncStream<Int>.Continuation

    /// Makes a server; `run` listens.
    ///
    /// - Parameter answer: the page of a path, query included; nil for none. Must not block.
    package init(
        address: MeshModel.SocketAddress,
        logger: Logger,
        answer: @escaping @Sendable (String) -> AdminAnswer?
    ) {
        self.address = address
        self.logger = logger
        self.answer = answer
        (self.bound, self.binding) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The port that is listened on, once it is.
    package var port: Int? {
        get async { await self.bound.first { _ in true } }
    }

    /// Serves until cancelled.
    ///
    /// - Throws: when the address cannot be listened on.
    package func run() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard self.open.add(1, ordering: .relaxed).newValue <= Self.connections else {
                        self.open.subtract(1, ordering: .relaxed)
                        channel.close(promise: nil)
                        return
                    }
                    channel.closeFuture.whenComplete { _ in self.open.subtract(1, ordering: .relaxed) }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idle))
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try pipeline.addHandler(AdminHandler(answer: self.answer))
                }
            }
            .bind(host: "\(self.address.ip)", port: Int(self.address.port))
            .get()
        self.binding.yield(channel.localAddress?.port ?? 0)
        self.binding.finish()
        self.logger.info("admin port open", metadata: ["address": "\(self.address)"])
        try await withTaskCancellationHandler {
            try await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Answers one request and closes. A body is read past and dropped, as far as the idle limit lets it.
private final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (String) -> AdminAnswer?
    private var head: HTTPRequestHead?
    private var bodyBytes = 0

    init(answer: @escaping @Sendable (String) -> AdminAnswer?) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body(let part):
            self.bodyBytes += part.readableBytes
            if self.bodyBytes > 64 << 10 { context.close(promise: nil) }
        case .end:
            guard let head = self.head else { return context.close(promise: nil) }
            self.head = nil
            self.write(self.respond(to: head), isHead: head.method == .HEAD, context: context)
        }
    }

    private func respond(to head: HTTPRequestHead) -> AdminAnswer {
        func plain(_ status: Int, _ text: String) -> AdminAnswer {
            AdminAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
        }
        guard head.method == .GET || head.method == .HEAD else { return plain(405, "only GET is allowed") }
        return self.answer(head.uri) ?? plain(404, "no such page")
    }

    private func write(_ answer: AdminAnswer, isHead: Bool, context: ChannelHandlerContext) {
        let headers: HTTPHeaders = [
            "content-type": answer.contentType, "content-length": "\(answer.body.count)", "cache-control": "no-store",
            "x-content-type-options": "nosniff", "connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if !isHead {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(self.wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
