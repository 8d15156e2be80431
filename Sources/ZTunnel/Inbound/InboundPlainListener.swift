import MeshModel
import TunnelEngine

/// Takes the inbound plain connections that the platform redirects to port 15006.
final class InboundPlainListener: ListenerDelegate {
    /// Weak: a loop that ends may still call while another thread lets go of the proxy.
    private weak var proxy: WorkloadProxy?

    init(proxy: WorkloadProxy) {
        self.proxy = proxy
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        guard let proxy = self.proxy else { return Socket.close(descriptor) }
        guard let target = Socket.originalDestination(descriptor) ?? Socket.localAddress(descriptor) else {
            return Socket.close(descriptor)
        }
        let origin = InboundConnection.Origin.plain(descriptor, destination: target.canonical)
        InboundConnection(proxy: proxy, peer: peer, origin: origin).start()
    }
}
