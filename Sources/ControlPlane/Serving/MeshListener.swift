import GRPCCore
import GRPCNIOTransportHTTP2
import MeshModel
import NIOCore
import NIOPosix
import NIOSSL

/// Opens the gRPC listener with our own TLS. The transport's ready-made listener knows only "client certificate
/// required" and "not asked for"; this one asks without requiring.
struct MeshListener: HTTP2ServerTransport.ListenerFactory {
    let address: MeshModel.SocketAddress
    let tls: ServingTLS
    let peers: PeerTable
    let trustDomains: Set<String>
    let limits: ServerLimits

    var eventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
            .bind(host: "\(self.address.ip)", port: Int(self.address.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard self.peers.admit() else {
                        channel.close(promise: nil)
                        throw RPCError(code: .resourceExhausted, message: "too many connections")
                    }
                    channel.closeFuture.whenComplete { _ in self.peers.release() }
                    let handler = NIOSSLServerHandler(context: self.tls.context)
                    try channel.pipeline.syncOperations.addHandlers([
                        handler, OutboundPortions(bytes: self.limits.portionBytes),
                        PeerHandler(
                            table: self.peers,
                            trustDomains: self.trustDomains,
                            deadline: self.limits.handshake,
                            age: self.limits.randomConnectionAge()
                        ),
                    ])
                }.flatMap {
                    connectionConfigurator.configure(channel: channel, tls: .configured(requireALPN: true))
                }
            }
    }
}
