import MeshModel
import TunnelEngine

/// Takes the inbound plain connections that the platform redirects to port 15006.
final class InboundPlainListener: ListenerDelegate {
    private unowned let proxy: WorkloadProxy

    init(proxy: WorkloadProxy) {
        self.proxy = proxy
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        Socket.tune(descriptor, keepAlive: self.proxy.context.keepAlive)
        guard let target = Socket.originalDestination(descriptor) ?? Socket.localAddress(descriptor) else {
            return Socket.close(descriptor)
        }
        let origin = InboundConnection.Origin.plain(descriptor, destination: target.canonical)
        InboundConnection(proxy: self.proxy, peer: peer, origin: origin).start()
    }
}
