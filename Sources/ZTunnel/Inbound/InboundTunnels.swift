import BoringTLS
import MeshIdentity
import MeshModel
import MeshTelemetry
import TunnelEngine

/// Serves other ztunnels on port 15008.
final class InboundTunnels: TunnelServerDelegate {
    /// Weak: a loop that ends may still call while another thread lets go of the proxy.
    private weak var proxy: WorkloadProxy?

    init(proxy: WorkloadProxy) {
        self.proxy = proxy
    }

    /// Our certificate for a new connection; without a valid one nobody is served.
    func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)? {
        guard let proxy = self.proxy else { return nil }
        let context = proxy.context
        do throws(IdentityError) {
            let identity = try proxy.workload.identities.snapshot(now: context.now)
            return (identity.context, .anyIdentity(trustDomain: identity.bundle.trustDomain))
        } catch {
            context.log.warning("inbound connection refused", [LogField("error", error.message)])
            return nil
        }
    }

    func requested(_ request: TunnelRequest, on server: TunnelServer) {
        // An unanswered request is refused by itself.
        guard let proxy = self.proxy else { return }
        InboundConnection(proxy: proxy, peer: request.peer, origin: .tunnel(request)).start()
    }

    func connectionFailed(peer: SocketAddress, local: SocketAddress?, _ error: LinkError, on server: TunnelServer) {
        self.proxy?.context.access.warning(
            "connection failed",
            [
                LogField("src.addr", .bare("\(peer)")), LogField("dst.addr", .bare(local.map { "\($0)" } ?? "")),
                LogField("direction", "inbound"), LogField("error", "\(error)"),
            ]
        )
    }
}
