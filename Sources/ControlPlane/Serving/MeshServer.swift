package import CertificateAuthority
import GRPCCore
import GRPCNIOTransportHTTP2
package import Logging
package import MeshModel

/// The listener for data planes: discovery and certificates on one TLS port.
package final class MeshServer: Sendable {
    private let server: GRPCServer<HTTP2ServerTransport.Custom<MeshListener>>
    private let store: ResourceStore

    /// Makes the server; `run` listens.
    ///
    /// - Parameters:
    ///   - trustDomain: of all identities.
    ///   - trustDomainAliases: further ones whose identities are known, if our roots vouch for them.
    ///   - attestor: proves who opens a stream without a client certificate; nil refuses those.
    package init(
        address: MeshModel.SocketAddress,
        tls: ServingTLS,
        trustDomain: String,
        trustDomainAliases: Set<String> = [],
        issuer: CertificateIssuer,
        attestor: (any StreamAttesting)? = nil,
        store: ResourceStore,
        connections: ConnectionTable,
        metrics: ControlPlaneMetrics,
        limits: ServerLimits,
        logger: Logger
    ) {
        let peers = PeerTable(
            capacity: limits.connections,
            rate: limits.connectionsPerSecond,
            burst: limits.connectionBurst
        )
        let listener = MeshListener(
            address: address,
            tls: tls,
            peers: peers,
            trustDomains: trustDomainAliases.union([trustDomain]),
            limits: limits
        )
        self.store = store
        self.server = GRPCServer(
            transport: HTTP2ServerTransport.Custom(
                listenerFactory: listener,
                config: limits.transport(MeshListener.self)
            ),
            services: [
                DiscoveryService(
                    peers: peers,
                    attestor: attestor,
                    store: store,
                    turns: JoinTurns(bytes: limits.joinBytes),
                    connections: connections,
                    metrics: metrics,
                    limits: limits,
                    logger: logger
                ),
                CertificateService(peers: peers, issuer: issuer, metrics: metrics, limits: limits, logger: logger),
            ]
        )
    }

    /// The port that is listened on, once it is; nil when listening failed.
    package var port: Int? {
        get async {
            let address = await self.server.transport.listeningAddress
            return address?.ipv4?.port ?? address?.ipv6?.port
        }
    }

    /// Serves until stopped.
    ///
    /// - Throws: when the address cannot be listened on.
    package func run() async throws {
        try await self.server.serve()
    }

    /// Takes no more connections, and asks those that are open to leave.
    package func stop() {
        self.store.stop()
        self.server.beginGracefulShutdown()
    }
}
