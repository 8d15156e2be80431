import DataPlane
import MeshModel
import TunnelEngine

/// Takes the outbound connections that the platform redirects to port 15001.
final class OutboundListener: ListenerDelegate {
    /// Weak: a loop that ends may still call while another thread lets go of the proxy.
    private weak var proxy: WorkloadProxy?

    init(proxy: WorkloadProxy) {
        self.proxy = proxy
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        guard let proxy = self.proxy else { return Socket.close(descriptor) }
        let original = Socket.originalDestination(descriptor)?.canonical
        // A redirect changes the port, so whoever wanted another one did not come here by itself.
        let local =
            original.map { $0.port == listener.address.port } ?? true
            ? Socket.localAddress(descriptor)?.canonical : nil
        guard let address = original ?? local else { return Socket.close(descriptor) }
        // Whoever came to this port by itself would be sent back to it without end.
        OutboundConnection(
            proxy: proxy,
            descriptor: descriptor,
            source: peer,
            target: .address(address),
            isDirect: address == local
        ).start()
    }
}
