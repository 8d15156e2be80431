import NIOCore
import NIOPosix
import Testing

@testable import Lab

@Suite struct ResolverServerTests {
    private static let query: [UInt8] =
        [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + (DNSName.wire("echo.demo") ?? []) + [0, 1, 0, 1]

    @Test func `answers over UDP and TCP, with the zones as last told`() async throws {
        let server = try ResolverServer(upstream: nil, group: MultiThreadedEventLoopGroup.singleton)
        let port = try await server.start(host: "127.0.0.1", port: 0)
        let before = try #require(await server.answer(Self.query, overUDP: true))
        #expect(before[3] & 15 == 3)
        server.update([
            HostedZone(name: "demo.", records: [.init(name: "echo.demo.", type: "A", ttl: 5, values: ["240.240.0.1"])])
        ])
        let stream = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await stream.executeThenClose { inbound, outbound in
            let length: [UInt8] = [0, UInt8(Self.query.count)]
            // Two queries in odd pieces, as TCP may bring them.
            let both = length + Self.query + length + Self.query
            try await outbound.write(ByteBuffer(bytes: both.prefix(9)))
            try await outbound.write(ByteBuffer(bytes: both.dropFirst(9)))
            var answer = ByteBuffer()
            for try await part in inbound {
                answer.writeImmutableBuffer(part)
                if answer.readableBytes >= 2 * (2 + Self.query.count + 25) { break }
            }
            #expect(Array(answer.readableBytesView).suffix(4) == [240, 240, 0, 1])
        }
        await server.stop()
    }

    @Test func `a message that can't be read is answered with a format error, an answer with nothing`() async throws {
        let server = try ResolverServer(upstream: nil, group: MultiThreadedEventLoopGroup.singleton)
        let odd = try #require(await server.answer([9, 9, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0], overUDP: true))
        #expect(odd.prefix(2) == [9, 9] && odd[3] & 15 == 1)
        #expect(await server.answer([9, 9, 0x81, 0, 0, 9, 0, 0, 0, 0, 0, 0], overUDP: true) == nil)
        #expect(await server.answer([1, 2, 3], overUDP: true) == nil)
    }
}
