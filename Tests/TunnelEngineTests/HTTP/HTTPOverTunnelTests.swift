import BoringTLS
import MeshModel
import Testing

@testable import TunnelEngine

/// HTTP in tunnels: both ends over streams of real links, as in a waypoint.
@Suite("HTTP in tunnels", .serialized)
struct HTTPOverTunnelTests {
    /// A tunnel server whose streams carry HTTP that `server` answers, and a pool to reach it by.
    private final class Tunnels: TunnelServerDelegate {
        let thread: LoopThread
        let server: HTTPTestServer
        let client = HTTPTestClient()
        /// Takes the streams of the server's side, in place of ``server``.
        var onStream: ((ByteStream) -> Void)?
        private let serverContext: TLSContext
        private let clientContext: TLSContext
        private let pool: TunnelPool
        private var listener: TunnelServer?
        private var address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)

        /// Whether the streams have TLS of their own.
        private let isSecure: Bool

        init(isSecure: Bool = false, _ handler: @escaping HTTPTestServer.Handler) throws {
            self.isSecure = isSecure
            let identities = try TestIdentities()
            self.thread = try LoopThread()
            self.server = HTTPTestServer(handler)
            self.serverContext = try identities.context(TunnelPair.server, serial: 1)
            self.clientContext = try identities.context(TunnelPair.client, serial: 2)
            self.pool = TunnelPool(loop: self.thread.loop, limits: TunnelPoolLimits())
            let me = Unchecked(self)
            try self.thread.sync {
                let listener = TunnelServer(loop: me.value.thread.loop, delegate: me.value)
                me.value.listener = listener
                me.value.address = try listener.listen(on: me.value.address)
            }
        }

        func stop() {
            let me = Unchecked(self)
            _ = try? self.thread.sync {
                me.value.pool.close()
                me.value.listener?.close()
            }
            self.thread.stop()
        }

        func eventually(_ condition: @escaping () -> Bool) -> Bool {
            TunnelEngineTests.eventually { (try? self.thread.sync(condition)) == true }
        }

        /// An asking connection over a new stream.
        func connect(_ version: HTTPVersion) throws -> HTTPClientConnection {
            let bytes = Unchecked(try self.openStream())
            let client = Unchecked(self.client)
            return try self.thread.sync {
                HTTPClientConnection(over: bytes.value, version: version, owner: client.value)
            }
        }

        private func session(_ role: TLSRole) -> TLSSession? {
            guard self.isSecure else { return nil }
            return try? TLSSession(
                context: role == .client ? self.clientContext : self.serverContext,
                role: role,
                expectation: role == .client
                    ? .anyName([TunnelPair.server], serverName: nil) : .unchecked(serverName: nil),
                protocols: .none,
                buffers: self.thread.loop.tlsBuffers
            )
        }

        /// A new stream.
        func openStream() throws -> ByteStream {
            let result = Box<ByteStream?>(nil)
            let me = Unchecked(self)
            try self.thread.sync {
                let tunnels = me.value
                let key = TunnelKey(
                    source: TunnelPair.client,
                    generation: 0,
                    expected: [TunnelPair.server],
                    address: tunnels.address,
                    from: nil
                )
                let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "192.0.2.1:80")]
                _ = tunnels.pool.open(key, context: tunnels.clientContext, headers: { headers }) { opened in
                    guard case .success(let end) = opened else { return }
                    result.value = ByteStream.over(
                        tunnel: end,
                        loop: tunnels.thread.loop,
                        tls: tunnels.session(.client),
                        isDownstream: false,
                        owner: ByteStreamNobody()
                    )
                }
            }
            let isOpen = self.eventually { result.value != nil }
            try #require(isOpen)
            return try #require(result.value)
        }

        func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)? {
            (self.serverContext, .anyIdentity(trustDomain: "test"))
        }

        func requested(_ request: TunnelRequest, on server: TunnelServer) {
            guard let end = request.accept() else { return }
            let bytes = ByteStream.over(
                tunnel: end,
                loop: request.loop,
                tls: self.session(.server),
                isDownstream: true,
                owner: ByteStreamNobody()
            )
            if let onStream { return onStream(bytes) }
            _ = HTTPServerConnection(over: bytes, owner: self.server)
        }

        func connectionFailed(peer: SocketAddress, local: SocketAddress?, _ error: LinkError, on server: TunnelServer) {
        }
    }

    @Test(
        "requests of both versions, with bodies that fill every window",
        arguments: [HTTPVersion.http11, .http2],
        [false, true]
    )
    func exchange(version: HTTPVersion, isSecure: Bool) throws {
        let tunnels = try Tunnels(isSecure: isSecure, HTTPTestServer.echo)
        defer { tunnels.stop() }
        let connection = Unchecked(try tunnels.connect(version))
        var body: [UInt8] = []
        for piece in 0..<96 as Range<UInt8> { body += [UInt8](repeating: piece, count: 65_537) }
        for _ in 0..<2 {
            let owner = Unchecked(HTTPTestStream())
            try tunnels.thread.sync {
                let head = HTTPRequestHead(method: "POST", authority: "a", path: "/t")
                owner.value.stream = connection.value.openStream(request: head, endStream: false, owner: owner.value)
                if let stream = owner.value.stream { owner.value.send(body, on: stream) }
            }
            #expect(tunnels.eventually { owner.value.isEnded || owner.value.failure != nil })
            let isSame = try tunnels.thread.sync { owner.value.body == body }
            #expect(isSame)
        }
        let count = try tunnels.thread.sync { tunnels.thread.loop.heldBytes }
        #expect(count == 0)
    }

    @Test(
        "a request that nobody reads on stops its client at the tunnel's window",
        arguments: [HTTPVersion.http11, .http2]
    )
    func backPressure(version: HTTPVersion) throws {
        let tunnels = try Tunnels { server, stream, _, _ in server.own(stream).consumes = false }
        defer { tunnels.stop() }
        let connection = Unchecked(try tunnels.connect(version))
        let size = 12 << 20
        let owner = Unchecked(HTTPTestStream())
        try tunnels.thread.sync {
            let head = HTTPRequestHead(method: "POST", authority: "a", path: "/t")
            owner.value.stream = connection.value.openStream(request: head, endStream: false, owner: owner.value)
            if let stream = owner.value.stream { owner.value.send([UInt8](repeating: 1, count: size), on: stream) }
        }
        let window = version == .http2 ? HTTPLimits().streamWindow : LinkLimits().http2.streamWindow
        #expect(tunnels.eventually { (tunnels.server.streams.first?.body.count ?? 0) >= window - 64 * 1024 })
        #expect(try tunnels.thread.sync { tunnels.server.streams[0].body.count } <= window)
        try tunnels.thread.sync {
            let stuck = tunnels.server.streams[0]
            stuck.consumes = true
            stuck.stream?.consumed(stuck.body.count)
        }
        #expect(tunnels.eventually { tunnels.server.streams[0].isEnded })
        #expect(try tunnels.thread.sync { tunnels.server.streams[0].body.count } == size)
    }

    @Test("a tunnel that ends cuts the requests in it", arguments: [HTTPVersion.http11, .http2])
    func tunnelEnd(version: HTTPVersion) throws {
        let tunnels = try Tunnels { server, stream, _, _ in _ = server.own(stream) }
        defer { tunnels.stop() }
        let connection = Unchecked(try tunnels.connect(version))
        let owner = Unchecked(HTTPTestStream())
        try tunnels.thread.sync {
            let head = HTTPRequestHead(method: "GET", authority: "a", path: "/t")
            owner.value.stream = connection.value.openStream(request: head, endStream: true, owner: owner.value)
        }
        #expect(tunnels.eventually { tunnels.server.streams.count == 1 })
        let client = Unchecked(connection.value.bytes)
        try tunnels.thread.sync { client.value.close(isAbortive: true) }
        #expect(tunnels.eventually { tunnels.server.streams[0].failure != nil && owner.value.failure != nil })
        #expect(tunnels.eventually { tunnels.server.outcomes.count == 1 && tunnels.client.outcomes.count == 1 })
    }

    @Test(
        "opaque bytes through two joined streams on each side, both ways and to each way's end",
        arguments: [false, true]
    )
    func opaque(isSecure: Bool) throws {
        let tunnels = try Tunnels(isSecure: isSecure, HTTPTestServer.echo)
        defer { tunnels.stop() }
        let (client, inner) = try #require(BlockingSocket.pair())
        let (outer, server) = try #require(BlockingSocket.pair())
        let (near, far) = (inner.duplicate(), outer.duplicate())
        let loop = tunnels.thread.loop
        let held = Unchecked(tunnels)
        try tunnels.thread.sync {
            held.value.onStream = { bytes in
                let socket = try? ByteStream.over(
                    socket: far,
                    loop: loop,
                    isDownstream: false,
                    owner: ByteStreamNobody()
                )
                if let socket { bytes.becomeRelay(with: socket) }
            }
        }
        let stream = Unchecked(try tunnels.openStream())
        try tunnels.thread.sync {
            let socket = try ByteStream.over(socket: near, loop: loop, isDownstream: true, owner: ByteStreamNobody())
            socket.becomeRelay(with: stream.value)
        }
        let size = 24 << 20
        let (up, down) = (Unchecked(client), Unchecked(server))
        LoopWriter.run {
            _ = up.value.send([UInt8](repeating: 3, count: size))
            up.value.finish()
        }
        LoopWriter.run {
            _ = down.value.send([UInt8](repeating: 4, count: size))
            down.value.finish()
        }
        let result = Box<[UInt8]?>(nil)
        let isRead = Box(false)
        LoopWriter.run {
            result.value = down.value.receiveAll()
            isRead.value = true
        }
        let received = client.receiveAll()
        #expect(received?.count == size)
        #expect(received?.allSatisfy { $0 == 4 } == true)
        #expect(TunnelEngineTests.eventually { isRead.value })
        #expect(result.value?.count == size)
        #expect(tunnels.eventually { stream.value.isEnded })
        let kept = try tunnels.thread.sync { loop.heldBytes }
        #expect(kept == 0)
    }
}
