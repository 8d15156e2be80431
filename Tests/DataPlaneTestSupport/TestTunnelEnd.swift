package import BoringTLS
import Foundation
import MeshIdentity
package import MeshModel
import Synchronization
package import TunnelEngine

/// The server's end of tunnels without any mesh behind it: keeps what it is asked, and relays to one address.
package final class TestTunnelEnd: TunnelServerDelegate, RelayObserver, @unchecked Sendable {
    private let thread: TestLoop
    private let context: TLSContext
    private let target: SocketAddress
    private let baggage: String
    private var server: TunnelServer?
    private let kept = Mutex<[[HTTP2Header]]>([])

    /// The headers of the requests so far.
    package var requests: [[HTTP2Header]] { self.kept.withLock { $0 } }

    /// - Parameters:
    ///   - name: the service account it proves to be.
    ///   - target: where it relays each tunnel to.
    ///   - baggage: what it says of itself.
    package init(
        _ name: String,
        _ address: SocketAddress,
        authority: TestAuthority,
        target: SocketAddress,
        baggage: String = ""
    ) throws {
        self.thread = try TestLoop()
        let store = IdentityStore()
        try store.install(authority.issue(TestMesh.identity(name)))
        self.context = try store.snapshot(now: Int64(Date().timeIntervalSince1970)).context
        self.target = target
        self.baggage = baggage
        let me = self
        try self.thread.sync {
            let server = TunnelServer(loop: me.thread.loop, delegate: me)
            try server.listen(on: address)
            me.server = server
        }
    }

    package func stop() {
        let me = self
        _ = try? self.thread.sync { me.server?.close() }
    }

    package func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)? {
        (self.context, .anyIdentity(trustDomain: "cluster.local"))
    }

    package func requested(_ request: TunnelRequest, on server: TunnelServer) {
        self.kept.withLock { $0.append(request.headers) }
        let headers = self.baggage.isEmpty ? [] : [HTTP2Header("baggage", self.baggage)]
        _ = try? TCPDial(loop: request.loop, to: self.target) { result in
            guard case .success(let descriptor) = result else { return request.refuse(status: 503) }
            guard let end = request.accept(headers: headers) else { return Socket.close(descriptor) }
            _ = try? Relay.join(
                loop: request.loop,
                socket: descriptor,
                stream: end,
                socketIsDownstream: false,
                observer: self
            )
        }
    }

    package func connectionFailed(
        peer: SocketAddress,
        local: SocketAddress?,
        _ error: LinkError,
        on server: TunnelServer
    ) {}
    package func relayEnded(_ relay: Relay, outcome: RelayOutcome) {}
}
