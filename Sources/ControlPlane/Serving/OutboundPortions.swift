import NIOCore

/// Stands behind TLS and hands large writes to it in portions.
///
/// NIOSSL encrypts everything up to a flush into one buffer, and keeps that buffer as large as it once was. A data plane
/// that joins is sent the whole mesh between two flushes, so each connection would keep a copy of the mesh.
final class OutboundPortions: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let portion: Int
    private var unflushed = 0

    init(bytes: Int) {
        self.portion = bytes
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.unflushed += self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
        if self.unflushed >= self.portion { self.flush(context: context) }
    }

    func flush(context: ChannelHandlerContext) {
        self.unflushed = 0
        context.flush()
    }
}
