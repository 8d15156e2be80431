import BoringTLS
import MeshIdentity
import MeshModel
import MeshTelemetry
import TunnelEngine

/// Serves clients' tunnels on port 15008.
final class WaypointTunnels: TunnelServerDelegate {
    /// Weak: a loop that ends may still call while another thread lets go of the worker.
    private weak var worker: WaypointWorker?

    init(worker: WaypointWorker) {
        self.worker = worker
    }

    /// Our certificate for a new connection; without a valid one nobody is served.
    func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)? {
        guard let worker = self.worker else { return nil }
        do throws(IdentityError) {
            let identity = try worker.identity()
            return (identity.context, .anyIdentity(trustDomain: identity.bundle.trustDomain))
        } catch {
            worker.context.log.warning("inbound connection refused", [LogField("error", error.message)])
            return nil
        }
    }

    func requested(_ request: TunnelRequest, on server: TunnelServer) {
        // An unanswered request is refused by itself.
        guard let worker = self.worker else { return }
        InnerConnection.begin(request, on: worker)
    }

    func connectionFailed(peer: SocketAddress, local: SocketAddress?, _ error: LinkError, on server: TunnelServer) {
        self.worker?.context.access.warning(
            "connection failed",
            [
                LogField("src.addr", .bare("\(peer)")), LogField("dst.addr", .bare(local.map { "\($0)" } ?? "")),
                LogField("direction", "inbound"), LogField("error", "\(error)"),
            ]
        )
    }
}
