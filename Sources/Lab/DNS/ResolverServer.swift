import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// The VPC's resolver: private zones over UDP and TCP, everything else refused or passed to an upstream.
package final class ResolverServer: Sendable {
    /// Queries that may be under way at the upstream at a time; more are answered with a failure.
    private static let upstreamLimit = 64

    private let zones = Mutex(ZoneAnswers([]))
    private let underWay = Mutex(0)
    private let upstream: SocketAddress?
    private let group: any EventLoopGroup
    private let channels = Mutex<[any Channel]>([])

    /// A resolver that knows no zone yet; `upstream` is an IP address, or nil to answer NXDOMAIN for foreign names.
    package init(upstream: String?, group: any EventLoopGroup) throws {
        self.group = group
        do {
            self.upstream = try upstream.map { try SocketAddress(ipAddress: $0, port: 53) }
        } catch {
            throw LabError(.invalidConfiguration, "--dns-upstream \(upstream ?? ""): give an IP address")
        }
    }

    /// Takes in the zones as they are now.
    package func update(_ zones: [HostedZone]) {
        let answers = ZoneAnswers(zones)
        self.zones.withLock { $0 = answers }
    }

    /// Listens on an address, UDP and TCP; returns the UDP port, which differs from `port` only if that is 0.
    @discardableResult
    package func start(host: String, port: Int = 53) async throws -> Int {
        do {
            let datagrams = try await DatagramBootstrap(group: self.group)
                .channelOption(.socketOption(.so_reuseaddr), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramHandler(server: self))
                    }
                }
                .bind(host: host, port: port).get()
            self.channels.withLock { $0.append(datagrams) }
            let streams = try await ServerBootstrap(group: self.group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            IdleStateHandler(allTimeout: .seconds(10)),
                            StreamHandler(server: self)
                        )
                    }
                }
                .bind(host: host, port: datagrams.localAddress?.port ?? port).get()
            self.channels.withLock { $0.append(streams) }
            return datagrams.localAddress?.port ?? port
        } catch let error as IOError {
            throw LabError(.portInUse, "can't listen on \(host):\(port) for DNS: \(error)")
        }
    }

    /// Stops listening.
    package func stop() async {
        for channel in self.channels.withLock({ $0 }) { try? await channel.close() }
    }

    /// The answer to a query's bytes; nil for what deserves none.
    package func answer(_ bytes: [UInt8], overUDP: Bool) async -> [UInt8]? {
        guard let query = DNSQuery(parsing: bytes) else { return Self.formatError(bytes) }
        let limit = overUDP ? query.answerLimit : 65535
        guard query.class == 1 else { return DNSAnswer(.refused).bytes(for: query, limit: limit) }
        if let answer = self.zones.withLock({ $0.answer(query.name, type: query.type) }) {
            return answer.bytes(for: query, limit: limit)
        }
        guard let upstream = self.upstream else { return DNSAnswer(.nameError).bytes(for: query, limit: limit) }
        return await self.ask(upstream, bytes) ?? DNSAnswer(.serverFailure).bytes(for: query, limit: limit)
    }

    /// A query that can't be read is answered by its id alone, if it has one and isn't an answer itself.
    private static func formatError(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 12, bytes[2] & 0x80 == 0 else { return nil }
        return [bytes[0], bytes[1], 0x80 | bytes[2] & 0x79, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]
    }

    private func ask(_ upstream: SocketAddress, _ query: [UInt8]) async -> [UInt8]? {
        let isAdmitted = self.underWay.withLock { count in
            guard count < Self.upstreamLimit else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { return nil }
        defer { self.underWay.withLock { $0 -= 1 } }
        let promise = self.group.any().makePromise(of: [UInt8].self)
        let deadline = promise.futureResult.eventLoop.scheduleTask(in: .seconds(3)) {
            promise.fail(LabError(.timedOut, "the upstream resolver didn't answer"))
        }
        let channel = try? await DatagramBootstrap(group: self.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpstreamHandler(promise: promise, query: query))
                }
            }
            .connect(to: upstream).get()
        if channel == nil { promise.fail(LabError(.apiFailed, "can't reach the upstream resolver")) }
        channel?.writeAndFlush(AddressedEnvelope(remoteAddress: upstream, data: ByteBuffer(bytes: query)), promise: nil)
        let answer = try? await promise.futureResult.get()
        deadline.cancel()
        try? await channel?.close()
        return answer
    }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let server: ResolverServer

    init(server: ResolverServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = self.unwrapInboundIn(data)
        let server = self.server
        let query = Array(envelope.data.readableBytesView)
        let promise = context.eventLoop.makePromise(of: [UInt8]?.self)
        promise.completeWithTask { await server.answer(query, overUDP: true) }
        promise.futureResult.assumeIsolated().whenSuccess { answer in
            guard let answer else { return }
            let reply = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))
            context.writeAndFlush(self.wrapOutboundOut(reply), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer's ICMP message must not end the resolver.
    }
}

/// One TCP connection: messages with a length in front, answered in turn.
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest query that is read.
    private static let queryLimit: UInt16 = 4096

    private let server: ResolverServer
    private var pending = ByteBuffer()
    private var isBusy = false

    init(server: ResolverServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.pending.writeBuffer(&buffer)
        guard self.pending.readableBytes <= 4 * Int(Self.queryLimit) else { return context.close(promise: nil) }
        self.next(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    private func next(_ context: ChannelHandlerContext) {
        guard !self.isBusy, let length = self.pending.getInteger(at: self.pending.readerIndex, as: UInt16.self) else {
            return
        }
        guard length <= Self.queryLimit else { return context.close(promise: nil) }
        guard self.pending.readableBytes >= 2 + Int(length) else { return }
        self.pending.moveReaderIndex(forwardBy: 2)
        let query = self.pending.readBytes(length: Int(length)) ?? []
        self.pending.discardReadBytes()
        self.isBusy = true
        let server = self.server
        let promise = context.eventLoop.makePromise(of: [UInt8]?.self)
        promise.completeWithTask { await server.answer(query, overUDP: false) }
        promise.futureResult.assumeIsolated().whenSuccess { answer in
            self.isBusy = false
            guard let answer, let count = UInt16(exactly: answer.count) else { return context.close(promise: nil) }
            var buffer = context.channel.allocator.buffer(capacity: answer.count + 2)
            buffer.writeInteger(count)
            buffer.writeBytes(answer)
            context.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
            self.next(context)
        }
    }
}

private final class UpstreamHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let promise: EventLoopPromise<[UInt8]>
    private let query: [UInt8]

    init(promise: EventLoopPromise<[UInt8]>, query: [UInt8]) {
        self.promise = promise
        self.query = query
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer = Array(self.unwrapInboundIn(data).data.readableBytesView)
        // Only the answer to this query; the socket is connected, so it comes from the upstream.
        guard answer.prefix(2) == self.query.prefix(2) else { return }
        self.promise.succeed(answer)
    }
}
