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
        private let serverContext: TLSContext
        private let clientContext: TLSContext
        private let pool: TunnelPool
        private var listener: TunnelServer?
        private var address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)

        init(_ handler: @escaping HTTPTestServer.Handler) throws {
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
            let result = Box<HTTPClientConnection?>(nil)
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
                _ = tunnels.pool.open(key, context: tunnels.clientContext, headers: headers) { opened in
                    guard case .success(let end) = opened else { return }
                    let bytes = ByteStream.over(
                        tunnel: end,
                        loop: tunnels.thread.loop,
                        isDownstream: false,
                        owner: ByteStreamNobody()
                    )
                    result.value = HTTPClientConnection(over: bytes, version: version, owner: tunnels.client)
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
                isDownstream: true,
                owner: ByteStreamNobody()
            )
            _ = HTTPServerConnection(over: bytes, owner: self.server)
        }

        func connectionFailed(peer: SocketAddress, local: SocketAddress?, _ error: LinkError, on server: TunnelServer) {
        }
    }

    @Test("requests of both versions, with bodies that fill every window", arguments: [HTTPVersion.http11, .http2])
    func exchange(version: HTTPVersion) throws {
        let tunnels = try Tunnels(HTTPTestServer.echo)
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
}
