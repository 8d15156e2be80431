import Foundation
import NIOCore
import NIOHTTP1

/// Answers the requests of one connection, one after the other.
final class EndpointHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let service: EndpointServer.Service
    private var head: HTTPRequestHead?
    private var sender: Task<Void, Never>?

    init(service: @escaping EndpointServer.Service) { self.service = service }

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
        // A stream of events may be silent for as long as it likes.
        if event is IdleStateHandler.IdleStateEvent, self.sender == nil { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.sender?.cancel()
        self.sender = nil
        context.fireChannelInactive()
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let service = self.service
        let request = EndpointRequest(
            method: head.method.rawValue,
            target: head.uri,
            source: context.remoteAddress?.ipAddress ?? "",
            authorization: head.headers.first(name: "authorization")
        )
        let promise = context.eventLoop.makePromise(of: EndpointAnswer.self)
        promise.completeWithTask { await service(request) }
        promise.futureResult.assumeIsolated().whenSuccess { answer in
            self.write(answer, to: head, context: context)
        }
    }

    private static func sender(of stream: AsyncStream<Data>, to channel: any Channel) -> Task<Void, Never> {
        Task { await send(stream, to: channel) }
    }

    private func write(_ answer: EndpointAnswer, to request: HTTPRequestHead, context: ChannelHandlerContext) {
        let keepAlive = request.isKeepAlive
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: answer.contentType)
        for (name, value) in answer.headers.sorted(by: { $0.key < $1.key }) { headers.add(name: name, value: value) }
        if let data = answer.whole { headers.add(name: "Content-Length", value: String(data.count)) }
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: request.version,
            status: HTTPResponseStatus(statusCode: answer.status),
            headers: headers
        )
        let isHead = request.method == .HEAD
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        switch answer.body {
        case .whole(let data):
            if !isHead {
                context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: data)))), promise: nil)
            }
            context.writeAndFlush(self.wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                if !keepAlive { context.close(promise: nil) }
            }
        case .stream(let stream):
            context.flush()
            self.sender = Self.sender(of: stream, to: context.channel)
        }
    }
}

/// Sends what a stream gives until it, or the connection, ends.
private func send(_ stream: AsyncStream<Data>, to channel: any Channel) async {
    for await data in stream {
        do {
            try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: data))))
        } catch {
            return
        }
    }
    guard !Task.isCancelled else { return }
    try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
    try? await channel.close()
}
