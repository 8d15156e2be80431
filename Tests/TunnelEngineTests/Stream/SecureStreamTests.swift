import BoringTLS
import Testing

@testable import TunnelEngine

@Suite("Byte streams with TLS", .serialized)
struct SecureStreamTests {
    /// Notes what comes, and may send without end.
    private final class Owner: ByteStreamOwner {
        var received: [UInt8] = []
        var ends = 0
        var opened = 0
        var consumes = true
        var toSend = 0
        var finishes = false
        var outcomes: [RelayOutcome] = []

        func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
            self.received += bytes
            if self.consumes { stream.consumed(bytes.count) }
        }
        func byteStreamOpened(_ stream: ByteStream) {
            self.opened += self.received.isEmpty ? 1 : 100
            self.pump(stream)
        }
        func byteStreamReceivedEnd(_ stream: ByteStream) { self.ends += 1 }
        func byteStreamCanSend(_ stream: ByteStream) { self.pump(stream) }
        func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) { self.outcomes.append(outcome) }

        func pump(_ stream: ByteStream) {
            while self.toSend > 0 {
                let count = min(stream.capacity(), self.toSend)
                guard count > 0 else { return }
                stream.send([UInt8](repeating: 7, count: count))
                self.toSend -= count
            }
            if self.finishes, !stream.isSendEnded { stream.finish() }
        }
    }

    private static let name = "spiffe://cluster.local/ns/a/sa/server"

    /// A client and a server of one loop.
    private final class Pair {
        let setting: HTTPTestSetting
        let client = Unchecked(Owner())
        let server = Unchecked(Owner())
        var streams: [Unchecked<ByteStream>] = []
        /// The server's socket, besides the stream that owns a duplicate.
        let socket: BlockingSocket

        init(
            trusting trust: TestIdentities? = nil,
            prepare: (Owner, Owner) -> Void = { _, _ in }
        ) throws {
            self.setting = try HTTPTestSetting()
            let identities = try TestIdentities()
            let loop = self.setting.thread.loop
            let (one, other) = try #require(BlockingSocket.pair())
            self.socket = other
            let descriptors = [one.duplicate(), other.duplicate()]
            prepare(self.client.value, self.server.value)
            let asking = try TLSContext(identity: nil, trust: (trust ?? identities).trust)
            let answering = try identities.context(SecureStreamTests.name)
            let (client, server) = (self.client, self.server)
            self.streams = try self.setting.sync {
                [
                    Unchecked(
                        try ByteStream.over(
                            socket: descriptors[0],
                            loop: loop,
                            tls: try TLSSession(
                                context: asking,
                                role: .client,
                                expectation: .anyName([SecureStreamTests.name], serverName: nil),
                                protocols: .none,
                                buffers: loop.tlsBuffers
                            ),
                            isDownstream: false,
                            owner: client.value
                        )
                    ),
                    Unchecked(
                        try ByteStream.over(
                            socket: descriptors[1],
                            loop: loop,
                            tls: try TLSSession(
                                context: answering,
                                role: .server,
                                expectation: .unchecked(serverName: nil),
                                protocols: .none,
                                buffers: loop.tlsBuffers
                            ),
                            isDownstream: true,
                            owner: server.value
                        )
                    ),
                ]
            }
        }

        func sync(_ body: @escaping (ByteStream, ByteStream) -> Void) throws {
            let streams = self.streams
            try self.setting.sync { body(streams[0].value, streams[1].value) }
        }

        func eventually(_ condition: @escaping (Owner, Owner) -> Bool) -> Bool {
            let (client, server) = (self.client, self.server)
            return self.setting.eventually { condition(client.value, server.value) }
        }
    }

    @Test("bytes both ways, each way ending by itself, and what was sent before the handshake was over")
    func halfClose() throws {
        let pair = try Pair()
        defer { pair.setting.stop() }
        try pair.sync { client, server in
            client.send([1, 2])
            client.finish()
            server.send([3])
        }
        #expect(pair.eventually { client, server in server.received == [1, 2] && server.ends == 1 })
        #expect(pair.eventually { client, server in client.received == [3] && client.ends == 0 })
        try pair.sync { client, server in
            server.send([4])
            server.finish()
        }
        #expect(pair.eventually { client, server in client.received == [3, 4] && client.ends == 1 })
        #expect(pair.eventually { client, server in client.outcomes == [.complete] && server.outcomes == [.complete] })
        #expect(pair.eventually { client, server in client.opened == 1 && server.opened == 1 })
    }

    @Test("much both ways at once, more than any window, with readers that stop")
    func bulk() throws {
        let size = 8 << 20
        let pair = try Pair { client, server in
            for owner in [client, server] {
                owner.toSend = size
                owner.finishes = true
            }
            server.consumes = false
        }
        defer { pair.setting.stop() }
        #expect(pair.eventually { client, _ in client.received.count == size })
        // The window, and what was read along with its last bytes.
        let most = ByteStream.windowBytes + LoopScratch.relayBytes
        #expect(pair.eventually { _, server in server.received.count >= ByteStream.windowBytes })
        #expect(pair.eventually { client, server in server.received.count <= most && client.toSend > 0 })
        let server = pair.server
        try pair.sync { _, stream in
            server.value.consumes = true
            stream.consumed(server.value.received.count)
        }
        #expect(pair.eventually { _, server in server.received.count == size })
        #expect(pair.eventually { client, server in client.outcomes == [.complete] && server.outcomes == [.complete] })
        #expect(try pair.setting.sync { pair.setting.thread.loop.heldBytes } == 0)
    }

    @Test("an end without the peer's close_notify is a failure: something may be missing")
    func truncation() throws {
        let pair = try Pair()
        defer { pair.setting.stop() }
        #expect(pair.eventually { client, server in client.opened == 1 && server.opened == 1 })
        pair.socket.finish()
        #expect(pair.eventually { client, _ in client.outcomes.count == 1 })
        guard case .upstreamFailed(let reason)? = pair.client.value.outcomes.first else {
            Issue.record("\(pair.client.value.outcomes)")
            return
        }
        #expect(reason.contains("closed_unexpectedly"))
        #expect(pair.client.value.ends == 0)
    }

    @Test("a peer whose root is another gets nothing, and both hear why")
    func refused() throws {
        let pair = try Pair(trusting: TestIdentities(name: "another"))
        defer { pair.setting.stop() }
        try pair.sync { client, _ in client.send([1, 2]) }
        #expect(pair.eventually { client, server in client.outcomes.count == 1 && server.outcomes.count == 1 })
        guard case .upstreamFailed(let reason)? = pair.client.value.outcomes.first else {
            Issue.record("\(pair.client.value.outcomes)")
            return
        }
        #expect(reason.hasPrefix("TLS: peer_certificate_untrusted"))
        #expect(pair.server.value.received.isEmpty && pair.client.value.opened == 0)
    }

    @Test("a preface goes before TLS, and nothing else in the clear", arguments: [true, false])
    func preface(_ hasTLS: Bool) throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (one, other) = try #require(BlockingSocket.pair())
        let descriptor = one.duplicate()
        let context = try TLSContext(identity: nil, trust: TestIdentities().trust)
        let loop = setting.thread.loop
        let owner = Unchecked(Owner())
        let stream = try setting.sync {
            Unchecked(
                try ByteStream.over(
                    socket: descriptor,
                    loop: loop,
                    preface: Array("PROXY\r\n".utf8),
                    tls: hasTLS
                        ? TLSSession(
                            context: context,
                            role: .client,
                            expectation: .unchecked(serverName: nil),
                            protocols: .none,
                            buffers: loop.tlsBuffers
                        ) : nil,
                    isDownstream: false,
                    owner: owner.value
                )
            )
        }
        try setting.sync { stream.value.send(Array("secret".utf8)) }
        let first = try #require(other.receive(exactly: 12))
        // Afterwards a handshake record of version 3.x, or else what was sent.
        #expect(first.starts(with: Array("PROXY\r\n".utf8)))
        #expect(hasTLS ? first[7...8].elementsEqual([0x16, 3]) : first[7...].elementsEqual("secre".utf8))
        // What is no TLS ends it.
        #expect(other.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)))
        if hasTLS {
            #expect(setting.eventually { owner.value.outcomes.count == 1 })
            #expect("\(owner.value.outcomes)".contains("peer does not speak TLS"))
        } else {
            #expect(setting.eventually { owner.value.received.count == 28 })
        }
    }
}
