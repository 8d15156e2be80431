import Foundation
import Glibc
package import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves the metadata service over HTTP/1.1.
package final class MetadataServer: Sendable {
    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// The port it listens on.
    package var port: Int { self.channel.localAddress?.port ?? 0 }

    /// Listens on an address; port 0 takes any.
    ///
    /// ECS's link-local address is the same in every lab, so each lab's server hears its own bridge (`device`) only.
    package static func start(
        host: String,
        port: Int,
        device: String?,
        service: MetadataService,
        group: any EventLoopGroup
    ) async throws -> MetadataServer {
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelInitializer { channel in Self.bind(channel, to: device) }
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                        try channel.pipeline.syncOperations.addHandlers(
                            IdleStateHandler(allTimeout: .seconds(30)),
                            MetadataHandler(service: service)
                        )
                    }
                }
                .bind(host: host, port: port).get()
            return MetadataServer(channel: channel)
        } catch let error as IOError {
            throw LabError(.portInUse, "can't listen on \(host):\(port) for task metadata: \(error)")
        }
    }

    /// Ties a socket to a network interface, whose name has 15 bytes at most.
    private static func bind(_ channel: any Channel, to device: String?) -> EventLoopFuture<Void> {
        guard let device, let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        for (index, byte) in device.utf8.prefix(15).enumerated() {
            // The kernel reads the name byte by byte, so the first one is the lowest of a little-endian number.
            if index < 8 { low |= UInt64(byte) << (8 * index) } else { high |= UInt64(byte) << (8 * (index - 8)) }
        }
        return options.unsafeSetSocketOption(
            level: .socket,
            name: NIOBSDSocket.Option(rawValue: SO_BINDTODEVICE),
            value: InterfaceName(low: low.littleEndian, high: high.littleEndian)
        )
    }

    /// An interface's name as the kernel takes it: 16 bytes, the rest zero.
    private struct InterfaceName: Sendable {
        var low: UInt64
        var high: UInt64
    }

    /// Stops listening.
    package func stop() async { try? await self.channel.close() }
}

/// Answers the requests of one connection, one after the other.
private final class MetadataHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let service: MetadataService
    private var head: HTTPRequestHead?

    init(service: MetadataService) { self.service = service }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head = self.head else { return }
            self.head = nil
            self.answer(head, context: context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let source = context.remoteAddress?.ipAddress ?? ""
        let authorization = head.headers.first(name: "authorization")
        let service = self.service
        let isGet = head.method == .GET
        let path = head.uri
        let promise = context.eventLoop.makePromise(of: MetadataService.Answer.self)
        promise.completeWithTask {
            guard isGet else { return MetadataService.Answer(status: 405, body: Data()) }
            return await service.answer(path: path, source: source, authorization: authorization)
        }
        let keepAlive = head.isKeepAlive
        let version = head.version
        promise.futureResult.assumeIsolated().whenSuccess { answer in
            var headers = HTTPHeaders()
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(answer.body.count))
            if !keepAlive { headers.add(name: "Connection", value: "close") }
            let response = HTTPResponseHead(
                version: version,
                status: HTTPResponseStatus(statusCode: answer.status),
                headers: headers
            )
            context.write(self.wrapOutboundOut(.head(response)), promise: nil)
            context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            context.writeAndFlush(self.wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                if !keepAlive { context.close(promise: nil) }
            }
        }
    }
}
