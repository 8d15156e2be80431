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
        Socket.tune(descriptor, keepAlive: proxy.context.keepAlive)
        guard let local = Socket.localAddress(descriptor)?.canonical else { return Socket.close(descriptor) }
        let address = Socket.originalDestination(descriptor)?.canonical ?? local
        // A redirect changes the port; whoever came to this one by itself would be sent back to it without end.
        OutboundConnection(
            proxy: proxy,
            descriptor: descriptor,
            source: peer,
            target: .address(address),
            isDirect: address == local
        ).start()
    }
}
