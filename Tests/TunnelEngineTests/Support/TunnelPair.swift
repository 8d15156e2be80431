import BoringTLS
import Glibc
import MeshModel
import Synchronization

@testable import TunnelEngine

/// The smallest mesh: an entrance that tunnels every connection, and an exit that dials the authority.
final class TunnelPair: ListenerDelegate, TunnelServerDelegate, RelayObserver {
    static let client = "spiffe://test/ns/a/sa/client"
    static let server = "spiffe://test/ns/a/sa/server"

    let entranceLoop: LoopThread
    let exitLoop: LoopThread
    let entrance: UInt16
    private let pool: TunnelPool
    private var exit: TunnelServer!
    private var listener: Listener!
    private let clientContext: TLSContext
    private let serverContext: TLSContext
    private var key: TunnelKey
    private let authority: String
    let outcomes = Box<[RelayOutcome]>([])
    let errors = Box<[TunnelError]>([])
    let identities = Box<[String?]>([])
    let linkErrors = Box<[LinkError]>([])
    let statusToRefuseWith = Box<Int?>(nil)
    /// Leaves CONNECT requests without an answer, and keeps them here.
    let isSilent = Box(false)
    let unanswered = Box<[TunnelRequest]>([])
    /// Changes the key of the connection of that number, from 0.
    let changeKey = Box<((inout TunnelKey, Int) -> Void)?>(nil)
    private var connections = 0
    /// Bytes of the kernel's send buffer towards the application; nil leaves the default.
    let exitSendBuffer = Box<Int32?>(nil)

    init(
        appPort: UInt16,
        expecting: String = TunnelPair.server,
        clientURI: String = TunnelPair.client,
        limits: TunnelPoolLimits = TunnelPoolLimits(),
        identities: TestIdentities? = nil,
        clientSeconds: Int64 = 3600,
        through proxy: ((UInt16) -> UInt16)? = nil
    ) throws {
        let identities = try identities ?? TestIdentities()
        self.clientContext = try identities.context(clientURI, serial: 21, seconds: clientSeconds)
        self.serverContext = try identities.context(Self.server, serial: 22)
        self.entranceLoop = try LoopThread(index: 0)
        self.exitLoop = try LoopThread(index: 1)
        self.authority = "127.0.0.1:\(appPort)"
        let loopback = IPAddress(v4: 0x7f00_0001)
        self.pool = TunnelPool(loop: self.entranceLoop.loop, limits: limits)
        let addressBox = Box(SocketAddress(ip: loopback, port: 0))
        let exitLoop = self.exitLoop
        let entranceLoop = self.entranceLoop
        self.key = TunnelKey(
            source: clientURI,
            generation: 0,
            expected: [expecting],
            address: addressBox.value,
            from: nil
        )
        let entranceBox = Box(UInt16(0))
        self.entrance = 0
        self.exit = TunnelServer(loop: exitLoop.loop, limits: limits.link, delegate: self)
        let exit = Unchecked(self.exit!)
        self.key.address = try exitLoop.sync { try exit.value.listen(on: SocketAddress(ip: loopback, port: 0)) }
        self.exitPort = self.key.address.port
        if let proxy { self.key.address = SocketAddress(ip: loopback, port: proxy(self.key.address.port)) }
        let me = Unchecked(self)
        self.listener = try entranceLoop.sync {
            let listener = try Listener(
                loop: entranceLoop.loop,
                address: SocketAddress(ip: loopback, port: 0),
                delegate: me.value
            )
            entranceBox.value = listener.address.port
            return listener
        }
        self.boundEntrance = entranceBox.value
    }

    private(set) var boundEntrance: UInt16 = 0

    /// Objects of one connection each, to prove that none outlives it.
    private let watched = Mutex<[Weak]>([])

    private func watch(_ object: AnyObject?) {
        self.watched.withLock { $0.append(Weak(object: object)) }
    }

    /// Watched objects that are still alive, by type.
    var survivors: [String] {
        self.watched.withLock { list in list.compactMap { $0.object.map { "\(type(of: $0))" } } }
    }

    private var isStopped = false

    func stop() {
        guard !self.isStopped else { return }
        self.isStopped = true
        let me = Unchecked(self)
        _ = try? self.entranceLoop.sync {
            me.value.listener.close()
            me.value.pool.close()
        }
        _ = try? self.exitLoop.sync { me.value.exit.close() }
        self.entranceLoop.stop()
        self.exitLoop.stop()
    }

    var clientTLS: TLSContext { self.clientContext }

    private(set) var exitPort: UInt16 = 0

    /// Descriptors that both loops watch, without the entrance's own listener.
    var sourceCount: Int {
        let me = Unchecked(self)
        let entrance = try? self.entranceLoop.sync { me.value.entranceLoop.loop.sourceCount }
        let exit = try? self.exitLoop.sync { me.value.exitLoop.loop.sourceCount }
        return (entrance ?? 1000) + (exit ?? 1000)
    }

    /// From now on somebody else is at the exit's address.
    func replacePeer() throws {
        let me = Unchecked(self)
        try self.entranceLoop.sync { me.value.key.peer += "'" }
    }

    var poolLinks: Int {
        let me = Unchecked(self)
        return (try? self.entranceLoop.sync { me.value.pool.linkCount }) ?? -1
    }

    var exitConnections: Int {
        let me = Unchecked(self)
        return (try? self.exitLoop.sync { me.value.exit.connectionCount }) ?? -1
    }

    /// Judges the peers of both ends anew.
    func judge(with context: TLSContext? = nil) throws {
        let me = Unchecked(self)
        try self.entranceLoop.sync { me.value.pool.judgePeers(with: context) }
        try self.exitLoop.sync { me.value.exit.judgePeers(with: context) }
    }

    func drainExit() throws {
        let me = Unchecked(self)
        try self.exitLoop.sync { me.value.exit.drain {} }
    }

    /// Makes the exit take connections at another address, or again after a drain.
    func listenExit(on address: SocketAddress) throws {
        let me = Unchecked(self)
        _ = try self.exitLoop.sync { try me.value.exit.listen(on: address) }
    }

    /// On the exit's loop: tells all links to go away, and takes new ones without a gap.
    func restartExit(on address: SocketAddress) throws {
        let next = try ListeningSocket(opening: address)
        self.exit.drain {}
        try self.exit.listen(on: next)
    }

    // MARK: Entrance

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", self.authority)]
        var key = self.key
        self.changeKey.value?(&key, self.connections)
        self.connections += 1
        let dial = self.pool.open(key, context: self.clientContext, headers: { headers }) { result in
            switch result {
            case .success(let end):
                self.watch(end)
                let relay = try? Relay.join(
                    loop: self.entranceLoop.loop,
                    socket: descriptor,
                    stream: end,
                    socketIsDownstream: true,
                    observer: self
                )
                self.watch(relay)
            case .failure(let error):
                self.errors.value.append(error)
                Socket.makeCloseAbortive(descriptor)
                Socket.close(descriptor)
            }
        }
        self.watch(dial)
    }

    func relayEnded(_ relay: Relay, outcome: RelayOutcome) { self.outcomes.value.append(outcome) }

    // MARK: Exit

    func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)? {
        (self.serverContext, .anyIdentity(trustDomain: "test"))
    }

    func requested(_ request: TunnelRequest, on server: TunnelServer) {
        self.watch(request)
        self.identities.value.append(request.peerIdentity)
        if self.isSilent.value { return self.unanswered.value.append(request) }
        if let status = self.statusToRefuseWith.value { return request.refuse(status: status) }
        guard let address = SocketAddress(parsing: request.authority) else { return request.refuse(status: 400) }
        _ = try? TCPDial(loop: request.loop, to: address) { result in
            guard case .success(let descriptor) = result else { return request.refuse(status: 503) }
            if var bytes = self.exitSendBuffer.value {
                setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
            }
            guard let end = request.accept() else { return Socket.close(descriptor) }
            self.watch(end)
            let relay = try? Relay.join(
                loop: request.loop,
                socket: descriptor,
                stream: end,
                socketIsDownstream: false,
                observer: ExitObserver()
            )
            self.watch(relay)
        }
    }

    func connectionFailed(peer: SocketAddress, local: SocketAddress?, _ error: LinkError, on server: TunnelServer) {
        self.linkErrors.value.append(error)
    }
}

/// `@unchecked`: reading a weak reference is safe from any thread.
private struct Weak: @unchecked Sendable {
    weak var object: AnyObject?
}

private final class ExitObserver: RelayObserver {
    func relayEnded(_ relay: Relay, outcome: RelayOutcome) {}
}
